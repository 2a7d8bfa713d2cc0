/**
 * Password hash: Mosquitto's own `$7$` text (PBKDF2 with SHA-512), so that one file serves both brokers.
 *
 * `$7$<rounds>$<salt>$<hash>`, both in base64. Few rounds are enough for what `makePassword` makes: 192 random bits
 * cannot be guessed at any speed, and slow hashing at every CONNECT would let strangers keep the broker busy.
 */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
/** What mosquitto_passwd uses. */
const rounds = 101;
const saltBytes = 12;
const hashBytes = 64;
/** A file may ask for more rounds; beyond this a CONNECT would take seconds. */
const roundsMax = 1_000_000;

/** 192 random bits as 32 letters, digits, `-` and `_`. */
export const makePassword = (): string => randomBytes(24).toString('base64url');

/** The salted hash of a password, as it stands in a password file. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, rounds, hashBytes, 'sha512');
  return `$7$${rounds}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** True when it is the password that was hashed; false for a text that is no such hash. Takes the same time wherever they differ. */
export async function isPassword(hashed: string, password: string): Promise<boolean> {
  const [, roundsText, saltText = '', hashText = ''] = /^\$7\$(\d{1,7})\$([\w+/]+=*)\$([\w+/]+=*)$/.exec(hashed) ?? [];
  const asked = Number(roundsText);
  const hash = Buffer.from(hashText, 'base64');
  if (!(asked >= 1 && asked <= roundsMax) || hash.length !== hashBytes) return false;
  return timingSafeEqual(hash, await derive(password, Buffer.from(saltText, 'base64'), asked, hashBytes, 'sha512'));
}
