/**
 * Scrub: takes secrets out of a text before anybody can read it.
 *
 * Knows passwords in URLs, API keys, password hashes by their looks, and every secret that it was told. What it takes
 * out is replaced by `[secret]`.
 */
import { keyPattern } from './api-key.ts';

/** Shorter ones are words that stand in honest texts. */
const secretLengthMin = 8;
const mark = '[secret]';
/** Names of settings that hold a secret. */
const secretNames = /(PASSWORD|TOKEN|SECRET|_KEY|MNEMONIC)$/;

/** What the environment holds that must not be told: secrets by their names, and the passwords in its URLs. */
export function secretsIn(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value) return [];
    const password = URL.canParse(value) ? decodeURIComponent(new URL(value).password) : '';
    return [...(secretNames.test(name) ? [value] : []), ...(password ? [password] : [])];
  });
}

/** @param secrets  told as they are; those under 8 characters are left alone */
export function createScrub(secrets: readonly string[]): (text: string) => string {
  const known = secrets.filter(({ length }) => length >= secretLengthMin).sort((a, b) => b.length - a.length);
  const key = new RegExp(keyPattern.source, 'g');
  return (text) => {
    let clean = text
      .replace(/(\w+:\/\/)[^\s/@]*:[^\s@]*@/g, `$1${mark}@`)
      .replace(/\$7\$\d+\$[\w+/=]+\$[\w+/=]+/g, mark)
      .replace(key, (_, id: string) => `sunward_${id}_${mark}`);
    for (const secret of known) clean = clean.replaceAll(secret, mark);
    return clean;
  };
}
