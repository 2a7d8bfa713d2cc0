/**
 * Principal: who asks over HTTP, and what a request is asked for that.
 *
 * A provider is bound to its provider id, an owner to its owner name; both see and change only what is theirs. An
 * operator may do everything, a reader may look at everything and change nothing. How a principal is made of a request
 * is `authenticate.ts`'s; what each may do is `route-table.ts`'s.
 */
import type { IncomingMessage } from 'node:http';

export const roles = ['provider', 'owner', 'operator', 'read-only'] as const;
export type Role = (typeof roles)[number];

export interface Principal {
  readonly role: Role;
  /** Provider id or owner name; `undefined` for a role that is bound to nobody. */
  readonly subject: string | undefined;
  /** Id of its key, for limits and logs; never the key. */
  readonly key: string;
}

/** What a part that answers requests is given: `undefined` when the request proves nobody. */
export type Authenticate = (request: Pick<IncomingMessage, 'headers'>) => Promise<Principal | undefined>;

/** Whoever asks a server that listens on loopback alone and asks for no keys. */
export const localOperator: Principal = { role: 'operator', subject: undefined, key: 'local' };
