/**
 * Credentials file: who may connect to the broker, beside the fleet file, in Mosquitto's password format.
 *
 * One `<name>:<hash>` a line. It is written whole under another name and then renamed, readable by its owner alone.
 * A line that is no credential is a fault, so that a slip of an editor locks nobody out in silence.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hashPassword, makePassword } from './password-hash.ts';

/** The file cannot be used. */
export class CredentialsFault extends Error {
  constructor(file: string, what: string, cause?: unknown) {
    super(`${file}: ${what}`, { cause });
    this.name = 'CredentialsFault';
  }
}

/** Where the credentials of a fleet are unless told: `fleet.yaml` has `fleet.credentials`. */
export const credentialsBeside = (fleet: string): string => `${fleet.replace(/\.(ya?ml|json)$/, '')}.credentials`;

/** Hashes by name; none when there is no file. @throws CredentialsFault */
export function readCredentials(file: string): ReadonlyMap<string, string> {
  const lines = textOf(file).split('\n');
  const entries = lines.flatMap((line, i): [string, string][] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [, name, hash] = /^([\w.-]{1,128}):(\$7\$\S+)$/.exec(line.trim()) ?? [];
    if (name === undefined || hash === undefined)
      throw new CredentialsFault(file, `line ${i + 1} is not <name>:$7$…; make it anew with \`sunward oracle credentials add\``);
    return [[name, hash]];
  });
  return new Map(entries);
}

/** Makes a password for a name, in place of any before it; returns it, and keeps only its hash. @throws CredentialsFault */
export async function addCredential(file: string, name: string): Promise<string> {
  const password = makePassword();
  writeCredentials(file, new Map([...readCredentials(file), [name, await hashPassword(password)]]));
  return password;
}

/** False when there was none. @throws CredentialsFault */
export function removeCredential(file: string, name: string): boolean {
  const left = new Map(readCredentials(file));
  if (!left.delete(name)) return false;
  writeCredentials(file, left);
  return true;
}

/** The text of a password file. */
export const credentialsText = (credentials: ReadonlyMap<string, string>): string =>
  [...credentials]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hash]) => `${name}:${hash}\n`)
    .join('');

function writeCredentials(file: string, credentials: ReadonlyMap<string, string>): void {
  const draft = `${file}.${process.pid}.draft`;
  try {
    writeFileSync(draft, credentialsText(credentials), { mode: 0o600 });
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new CredentialsFault(file, `cannot be written (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new CredentialsFault(file, `cannot be read (${code})`, cause);
  }
}
