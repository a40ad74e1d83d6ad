/** The command was asked for something that cannot be; the message says what and what to do. */
export class UsageError extends Error {}
