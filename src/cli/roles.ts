/** The roles that a process runs. */

import { InvalidArgumentError } from 'commander';
import type { Role } from '../system-dependencies.ts';

const ROLES: readonly Role[] = ['engine', 'ingest', 'projections', 'relay', 'api'];

export const ALL_ROLES: ReadonlySet<Role> = new Set(ROLES);

/** Reads `engine,api`. Throws InvalidArgumentError, which commander shows. */
export function parseRoles(text: string): ReadonlySet<Role> {
  const roles = new Set<Role>();
  for (const name of text.split(',').map((part) => part.trim())) {
    const role = ROLES.find((known) => known === name);
    if (role === undefined) throw new InvalidArgumentError(`"${name}" is not a role; the roles are ${ROLES.join(', ')}.`);
    roles.add(role);
  }
  return roles;
}
