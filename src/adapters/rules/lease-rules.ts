/** The rules of every adapter for leases. */

const MAX_NAME_LENGTH = 200;

/** Throws for a name that is no lease's: a bug of the caller. */
export function assertLeaseName(name: string): void {
  if (name === '' || name.length > MAX_NAME_LENGTH)
    throw new RangeError(`a lease has a name of 1 to ${MAX_NAME_LENGTH} characters`);
}
