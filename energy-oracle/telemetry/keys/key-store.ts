/**
 * Key store: the statements of owners, as a port with its reference in memory.
 *
 * Keeps them for ever, one a site and nonce, durable when the promise resolves. What they amount to is `key-history.ts`'s.
 */
import type { Instant } from '../../../units/time.ts';
import type { KeyStatement } from './key-statement.ts';

/** A statement that was accepted, with what proves whose it is. */
export interface KeptStatement extends KeyStatement {
  readonly signature: string;
  /** Address of the wallet that signed it. */
  readonly signer: string;
  readonly acceptedAt: Instant;
}

export interface KeyStore {
  /** Keeps a statement; false, and nothing is changed, when its site has one with this nonce. */
  append(statement: KeptStatement): Promise<boolean>;
  /** All of them, by site, then nonce. */
  statements(): Promise<readonly KeptStatement[]>;
}

/** The reference: forgets with the process. */
export function createMemoryKeyStore(): KeyStore {
  const kept: KeptStatement[] = [];
  return {
    append: async (statement) => {
      if (kept.some(({ site, nonce }) => site === statement.site && nonce === statement.nonce)) return false;
      kept.push(statement);
      return true;
    },
    statements: async () => kept.toSorted((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : a.nonce - b.nonce)),
  };
}
