/**
 * File journal: an agent's journal as one JSON file on the disk of the site.
 *
 * A save writes a new file, flushes it, renames it over the old one and flushes the folder: at every instant the disk
 * holds one whole snapshot, the old or the new.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AgentJournal, emptyJournal, type Journal, JournalFault } from './journal.ts';

/** Names the form of the file; another form is refused rather than guessed at. */
const FORM = 'sunward/agent-journal/1';

/** A journal in the file at `path`, whose folder is made if need be. @throws JournalFault from `load` and `save`. */
export function createFileJournal(path: string): AgentJournal {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return emptyJournal;
        throw new JournalFault(path, 'cannot be read', cause);
      }
      try {
        const { form, ...journal } = JSON.parse(text) as Journal & { form: string };
        if (form !== FORM) throw new Error(`form is ${form}, expected ${FORM}`);
        return journal;
      } catch (cause) {
        throw new JournalFault(path, 'is damaged; move it away only when no lease of this site is alive', cause);
      }
    },
    async save(journal) {
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFlushed(`${path}.new`, JSON.stringify({ form: FORM, ...journal }));
        await rename(`${path}.new`, path);
        await flushFolder(dirname(path));
      } catch (cause) {
        throw new JournalFault(path, 'cannot be written', cause);
      }
    },
  };
}

async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
