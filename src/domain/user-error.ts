/**
 * What a person has to mend: a wrong argument, file, setting or place. The message says in a sentence what is wrong,
 * where, and what to do; it is shown without a stack trace. Every other error is a bug of ours.
 */
export class UserError extends Error {}
