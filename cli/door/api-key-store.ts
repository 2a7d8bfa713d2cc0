/**
 * API key store: keys by their public id, as a port with its in-memory reference.
 *
 * Holds hashes, never keys. A revoked key stays, so that a list tells what there once was.
 */
import type { Instant } from '../../units/time.ts';
import type { ApiKey } from './api-key.ts';

export interface ApiKeyStore {
  /** Durable before it resolves. @throws RangeError when the id is there already. */
  add(key: ApiKey): Promise<void>;
  get(id: string): Promise<ApiKey | undefined>;
  /** By creation, then id. */
  list(): Promise<readonly ApiKey[]>;
  /** Good until now; the first revocation stands. False when no key has the id. */
  revoke(id: string, at: Instant): Promise<boolean>;
}

export function createMemoryApiKeyStore(): ApiKeyStore {
  const keys = new Map<string, ApiKey>();
  return {
    add: async (key) => {
      if (keys.has(key.id)) throw new RangeError(`key ${key.id} is there already`);
      keys.set(key.id, { ...key });
    },
    get: async (id) => keys.get(id),
    list: async () => [...keys.values()].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)),
    revoke: async (id, at) => {
      const key = keys.get(id);
      if (key) keys.set(id, { ...key, revokedAt: key.revokedAt ?? at });
      return key !== undefined;
    },
  };
}
