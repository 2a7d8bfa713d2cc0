/**
 * The API key store on PostgreSQL ≥ 15: one row a key.
 */
import type { Pool } from 'pg';
import type { ApiKey } from './api-key.ts';
import type { ApiKeyStore } from './api-key-store.ts';
import type { Role } from './principal.ts';

/** Idempotent. */
export const apiKeySchema = `
  create table if not exists api_keys (
    id text collate "C" primary key, hash text not null, role text not null, subject text,
    created_at bigint not null, expires_at bigint, revoked_at bigint
  );
`;

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly role: string;
  readonly subject: string | null;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

const instant = (text: string | null) => (text === null ? undefined : Number(text));
const keyOf = ({ id, hash, role, subject, created_at, expires_at, revoked_at }: Row): ApiKey => ({
  id,
  hash,
  role: role as Role,
  subject: subject ?? undefined,
  createdAt: Number(created_at),
  expiresAt: instant(expires_at),
  revokedAt: instant(revoked_at),
});

export function createPostgresApiKeyStore(pool: Pick<Pool, 'query'>): ApiKeyStore {
  return {
    add: async ({ id, hash, role, subject, createdAt, expiresAt, revokedAt }) => {
      const { rowCount } = await pool.query('insert into api_keys values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing', [
        id,
        hash,
        role,
        subject,
        createdAt,
        expiresAt,
        revokedAt,
      ]);
      if (rowCount === 0) throw new RangeError(`key ${id} is there already`);
    },
    get: async (id) => {
      const { rows } = await pool.query<Row>('select * from api_keys where id = $1', [id]);
      return rows[0] && keyOf(rows[0]);
    },
    list: async () => (await pool.query<Row>('select * from api_keys order by created_at, id')).rows.map(keyOf),
    revoke: async (id, at) => {
      const { rowCount } = await pool.query('update api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1', [id, at]);
      return rowCount === 1;
    },
  };
}
