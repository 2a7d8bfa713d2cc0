/**
 * Retention: how long the folder of a finished job stays on a site's disk.
 *
 * A job's folder holds its checkpoints while it may still run, and its results once it is done. The newest done ones
 * are kept; a folder that is not marked done is never touched.
 */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of finished jobs that stay. */
export const FINISHED_KEPT_MAX = 20;
const mark = 'done';

/** Marks a job's folder as done. */
export const markDone = (cwd: string): void => writeFileSync(join(cwd, mark), '');

/** Takes the mark back: the job runs again. */
export const unmarkDone = (cwd: string): void => rmSync(join(cwd, mark), { force: true });

/** Removes the oldest done folders beyond `keptMax`; returns how many. O(folders). */
export function removeOldest(folder: string, keptMax = FINISHED_KEPT_MAX): number {
  const done = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, at: statSync(join(folder, name, mark), { throwIfNoEntry: false })?.mtimeMs }))
    .filter((each): each is { name: string; at: number } => each.at !== undefined)
    .sort((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1));
  const old = done.slice(keptMax);
  for (const { name } of old) rmSync(join(folder, name), { recursive: true, force: true });
  return old.length;
}
