/**
 * Authenticate: from a request's `Authorization` header to a principal, or why not.
 *
 * `Bearer <key>` is for programs. `Basic` with the key as password (the user name is ignored) is for browsers and for
 * clients that know nothing else. A key is looked up by its public id and compared in constant time.
 */
import type { Clock } from '../../units/clock.ts';
import { isKeyText, keyId, standing } from './api-key.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import type { Authenticate, Principal } from './principal.ts';

/** Why a request proves nobody. */
export type Unproven = 'no-key' | 'malformed' | 'unknown' | 'expired' | 'revoked';
export type Proof = { readonly kind: 'principal'; readonly principal: Principal } | { readonly kind: 'unproven'; readonly why: Unproven };

/** Proves an `Authorization` header. */
export type Prove = (authorization: string | undefined) => Promise<Proof>;

/** Longest header that is looked at, characters. */
const headerMax = 512;
const unproven = (why: Unproven): Proof => ({ kind: 'unproven', why });

export interface AuthenticatePorts {
  readonly keys: ApiKeyStore;
  readonly clock: Clock;
}

/** Proves a header. Faults of the store are passed on: nobody is let in because a database is away. */
export function createProver({ keys, clock }: AuthenticatePorts): Prove {
  return async (authorization) => {
    if (authorization === undefined) return unproven('no-key');
    const text = keyTextIn(authorization);
    const id = text === undefined ? undefined : keyId(text);
    if (text === undefined || id === undefined) return unproven('malformed');
    const key = await keys.get(id);
    if (!key || !isKeyText(key, text)) return unproven('unknown');
    const is = standing(key, clock.now());
    return is === 'good' ? { kind: 'principal', principal: { role: key.role, subject: key.subject, key: id } } : unproven(is);
  };
}

/** The port for parts that check keys on their own: by the same proof that the gate asks for. */
export function createAuthenticate(prove: Prove): Authenticate {
  return async ({ headers }) => {
    const proof = await prove(headers.authorization);
    return proof.kind === 'principal' ? proof.principal : undefined;
  };
}

function keyTextIn(authorization: string): string | undefined {
  if (authorization.length > headerMax) return undefined;
  const [, scheme, rest = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization) ?? [];
  if (scheme?.toLowerCase() === 'bearer') return rest;
  return scheme === undefined ? undefined : /^[^:]*:(.*)$/.exec(Buffer.from(rest, 'base64').toString('utf8'))?.[1];
}
