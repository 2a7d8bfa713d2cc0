/**
 * API key: 256 random bits behind a public id, shown once, kept as a hash.
 *
 * The text is `sunward_<id>_<secret>`. SHA-256 is enough for the hash: a slow hash protects what people choose, because
 * it can be guessed; 256 random bits cannot be guessed at any speed, and a slow hash on every request would be a way to
 * keep the server busy. The fixed head lets logs and scanners know a key when they see one.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../units/time.ts';
import type { Role } from './principal.ts';

export interface ApiKey {
  /** 16 hex digits; public, in logs and lists. */
  readonly id: string;
  /** SHA-256 of the whole text of the key, hex. */
  readonly hash: string;
  readonly role: Role;
  /** Provider id of a provider, owner name of an owner. */
  readonly subject: string | undefined;
  readonly createdAt: Instant;
  /** Good until, exclusive; `undefined` does not end by itself. */
  readonly expiresAt: Instant | undefined;
  readonly revokedAt: Instant | undefined;
}

/** How the text of a key looks, anywhere in a text. */
export const keyPattern = /sunward_([0-9a-f]{16})_[A-Za-z0-9_-]{43}/;
const wholeKey = new RegExp(`^${keyPattern.source}$`);

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Makes a key; `text` is to be shown once and is nowhere else. */
export function mintKey(about: Pick<ApiKey, 'role' | 'subject' | 'createdAt' | 'expiresAt'>): {
  readonly key: ApiKey;
  readonly text: string;
} {
  const id = randomBytes(8).toString('hex');
  const text = `sunward_${id}_${randomBytes(32).toString('base64url')}`;
  return { key: { ...about, id, hash: hashOf(text), revokedAt: undefined }, text };
}

/** The public id in the text of a key; `undefined` when it is no key. */
export const keyId = (text: string): string | undefined => wholeKey.exec(text)?.[1];

/** True when the text is that key's; takes the same time wherever they differ. */
export const isKeyText = ({ hash }: Pick<ApiKey, 'hash'>, text: string): boolean =>
  timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashOf(text), 'hex'));

/** Whether a key is good at an instant, or why not. */
export function standing({ expiresAt, revokedAt }: Pick<ApiKey, 'expiresAt' | 'revokedAt'>, now: Instant): 'good' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && now >= expiresAt ? 'expired' : 'good';
}
