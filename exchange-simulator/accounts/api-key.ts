import type { Account } from './account.ts';

export type Permission = 'read' | 'trade' | 'withdraw';

/** A key of an account, and what its signatures are checked with. */
export interface ApiKey {
  readonly id: string;
  readonly account: Account;
  readonly permissions: ReadonlySet<Permission>;
  /** `ed25519`: `secret` is the public key as PEM. `hmac`: it is the shared secret. */
  readonly kind: 'hmac' | 'ed25519';
  readonly secret: string;
  /** Where the venue asks for one beside the key. */
  readonly passphrase?: string;
}
