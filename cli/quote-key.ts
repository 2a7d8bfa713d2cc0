/**
 * Quote key: the secret under which a live scheduler signs its quotes, kept in its data folder.
 *
 * Made at the first start and never written over: quotes outlive a restart. Whoever reads the file can hold prices in
 * the scheduler's name, so only its owner may.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SigningKey, signingKey } from '../energy-oracle/site.ts';

/** The key of a data folder that is there. @throws RangeError when the file holds anything but 32 bytes in hex */
export function quoteKeyIn(folder: string): SigningKey {
  const file = join(folder, 'quote.key');
  try {
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
  }
  const seed = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(seed)) throw new RangeError(`${file} must hold 32 bytes in hex; remove it, and a new one is made`);
  return signingKey(Buffer.from(seed, 'hex'));
}
