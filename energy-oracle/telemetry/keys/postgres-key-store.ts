/**
 * Key store on PostgreSQL ≥ 15: one row a statement, never changed.
 */
import type { Pool } from 'pg';
import type { KeptStatement, KeyStore } from './key-store.ts';

/** Idempotent. */
export const keySchema = `
  create table if not exists key_statements (
    site text collate "C" not null, nonce bigint not null, action text not null, provider text not null, meter_key text not null,
    from_ms bigint not null, signature text not null, signer text not null, accepted_at_ms bigint not null,
    primary key (site, nonce)
  );
`;

/** The adapter; the caller owns the pool and has run `keySchema`. */
export function createPostgresKeyStore(pool: Pool): KeyStore {
  return {
    async append({ site, nonce, action, provider, meterKey, from, signature, signer, acceptedAt }) {
      const { rowCount } = await pool.query(
        `insert into key_statements (site, nonce, action, provider, meter_key, from_ms, signature, signer, accepted_at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
        [site, nonce, action, provider, meterKey, from, signature, signer, acceptedAt],
      );
      return rowCount === 1;
    },
    async statements() {
      const { rows } = await pool.query<KeptStatement>(
        `select action, provider, site, meter_key as "meterKey", from_ms::float8 as "from", key_statements.nonce::float8, signature, signer,
                accepted_at_ms::float8 as "acceptedAt"
         from key_statements order by site, key_statements.nonce`,
      );
      return rows;
    },
  };
}
