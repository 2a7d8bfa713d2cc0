/**
 * Sole owner: one scheduler to a database, until several can share it under a lease.
 *
 * Two of them would certify the same surplus twice. The claim is an advisory lock that lives as long as its session, so
 * a killed owner leaves nothing to clean up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';

const ownerLock = 0x73_6f_6c_65;
/** A killed owner's session may take a moment to end. */
const waitMsMax = 5_000;
const retryMs = 200;

/** Another process schedules on this database. */
export class OwnerFault extends Error {
  constructor() {
    super('another Sunward is running on this database; stop it, or name another database with DATABASE_URL');
    this.name = 'OwnerFault';
  }
}

/** Claims the database for this process; resolves with what gives it back. @throws OwnerFault */
export async function claimDatabase(pool: Pool): Promise<() => void> {
  const session = await pool.connect();
  session.on('error', () => undefined); // the pool tells of it; a lost session has lost the claim with it
  for (let waited = 0; ; waited += retryMs) {
    const { rows } = await session.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [ownerLock]);
    if (rows[0]?.ours) return () => session.release(true); // ends the session, and the claim
    if (waited >= waitMsMax) {
      session.release();
      throw new OwnerFault();
    }
    await sleep(retryMs);
  }
}
