/**
 * File spool: a sender's spool as one append-only file of JSON lines.
 *
 * An entry is on the disk (fdatasync) before `append` resolves; forgetting is written lazily, for a repeat is harmless.
 * A last line torn by a crash was never promised and is cut off; a broken line before it is a fault, not a guess. The
 * file is rewritten at opening, and later whenever it is large and mostly forgotten. One process at a time per file.
 */
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Spool, SpoolEntry } from './spool.ts';

/** A file above this size is rewritten when less than half of it is still needed. */
const fileBytesMax = 4_000_000;

/** The disk does not keep what it is told. */
export class SpoolFault extends Error {
  readonly path: string;
  constructor(path: string, what: string, cause?: unknown) {
    super(`${path}: ${what}`, { cause });
    this.name = 'SpoolFault';
    this.path = path;
  }
}

const line = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('entry'),
    stream: z.string(),
    seq: z.int().nonnegative(),
    topic: z.string(),
    payload: z.string(),
    end: z.number(),
  }),
  z.strictObject({ kind: z.literal('forget'), stream: z.string(), seq: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('head'), stream: z.string(), nextSeq: z.int().nonnegative(), end: z.number() }),
]);
type Line = z.infer<typeof line>;

const textOf = (lines: readonly Line[]) => lines.map((each) => `${JSON.stringify(each)}\n`).join('');
const keyOf = (stream: string, seq: number) => `${stream}#${seq}`;
const entryLine = ({ stream, seq, topic, payload, end }: SpoolEntry): Line => ({
  kind: 'entry',
  stream,
  seq,
  topic,
  payload: Buffer.from(payload).toString('base64'),
  end,
});

interface Content {
  readonly heads: Map<string, { nextSeq: number; end: number }>;
  readonly entries: Map<string, SpoolEntry>;
}

function replay(content: Content, told: Line): void {
  if (told.kind === 'forget') content.entries.delete(keyOf(told.stream, told.seq));
  else if (told.kind === 'head') content.heads.set(told.stream, { nextSeq: told.nextSeq, end: told.end });
  else {
    const { stream, seq, topic, end } = told;
    content.heads.set(stream, { nextSeq: seq + 1, end });
    content.entries.set(keyOf(stream, seq), { stream, seq, topic, payload: Uint8Array.from(Buffer.from(told.payload, 'base64')), end });
  }
}

/** Whole lines of the file; what follows the last newline was torn. @throws SpoolFault for a line that cannot be read */
async function load(path: string): Promise<Content> {
  const content: Content = { heads: new Map(), entries: new Map() };
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return content;
    throw new SpoolFault(path, 'cannot be read', cause);
  }
  const lines = text.split('\n').slice(0, -1);
  for (const [i, each] of lines.entries()) {
    try {
      replay(content, line.parse(JSON.parse(each)));
    } catch (cause) {
      throw new SpoolFault(path, `line ${i + 1} of ${lines.length} is damaged; move the file away to start afresh`, cause);
    }
  }
  return content;
}

/** Writes the file anew with what is still needed and puts it in place at once; returns it open, and its size. */
async function rewrite(folder: string, path: string, { heads, entries }: Content): Promise<{ file: FileHandle; bytes: number }> {
  const lines: Line[] = [...entries.values()].map(entryLine);
  for (const [stream, { nextSeq, end }] of heads) lines.push({ kind: 'head', stream, nextSeq, end });
  const bytes = Buffer.from(textOf(lines));
  await rm(`${path}.new`, { force: true });
  const fresh = await open(`${path}.new`, 'a'); // appending, so that a write after a truncation leaves no hole
  try {
    await fresh.writeFile(bytes);
    await fresh.sync();
    await rename(`${path}.new`, path);
    const directory = await open(folder, 'r');
    await directory.sync().finally(() => directory.close());
    return { file: fresh, bytes: bytes.length };
  } catch (cause) {
    await fresh.close();
    await rm(`${path}.new`, { force: true });
    throw new SpoolFault(path, 'cannot be rewritten', cause);
  }
}

/**
 * Opens, or creates, the spool of a sender in a folder.
 *
 * `append` rejects with SpoolFault when the disk does not take it (nothing of it counts then), and with RangeError when a
 * number is not the stream's next.
 * @throws SpoolFault when the file cannot be read or written
 */
export async function createFileSpool({ folder, sender }: { folder: string; sender: string }): Promise<Spool> {
  const path = join(folder, `${encodeURIComponent(sender)}.jsonl`);
  await mkdir(folder, { recursive: true });
  const content = await load(path);
  const { heads, entries } = content;
  let { file, bytes } = await rewrite(folder, path, content);
  let broken: SpoolFault | undefined;
  let closed = false;
  let writing: Promise<unknown> = Promise.resolve(); // one write at a time, in order
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = writing.then(work);
    writing = turn.catch(() => undefined); // whoever asked for the write hears of it
    return turn;
  };
  const write = async (lines: readonly Line[], durable: boolean) => {
    if (broken) throw broken;
    if (closed) throw new SpoolFault(path, 'is closed');
    const added = Buffer.from(textOf(lines));
    try {
      await file.appendFile(added);
      if (durable) await file.datasync();
      bytes += added.length;
    } catch (cause) {
      const fault = new SpoolFault(path, 'cannot be written', cause);
      // half a line must not stay in the middle; if it cannot be cut off, nothing more may follow it
      await file.truncate(bytes).catch(() => {
        broken = fault;
      });
      throw fault;
    }
  };
  const compactIfLarge = async () => {
    if (bytes < fileBytesMax) return;
    const needed = [...entries.values()].reduce((sum, entry) => sum + entry.payload.length * 2, 0);
    if (needed * 2 > bytes) return;
    const old = file;
    ({ file, bytes } = await rewrite(folder, path, content));
    await old.close();
  };
  return {
    head: (stream) => heads.get(stream) ?? { nextSeq: 0, end: undefined },
    append: (added) =>
      inTurn(async () => {
        const next = new Map<string, number>();
        for (const { stream, seq } of added) {
          const expected = next.get(stream) ?? heads.get(stream)?.nextSeq ?? 0;
          if (seq !== expected) throw new RangeError(`${stream} expects seq ${expected}, found ${seq}`);
          next.set(stream, seq + 1);
        }
        await compactIfLarge();
        await write(added.map(entryLine), true);
        for (const entry of added) {
          heads.set(entry.stream, { nextSeq: entry.seq + 1, end: entry.end });
          entries.set(keyOf(entry.stream, entry.seq), entry);
        }
      }),
    pending: () => [...entries.values()],
    forget: (stream, seq) => {
      if (!entries.delete(keyOf(stream, seq)) || closed) return;
      void inTurn(() => write([{ kind: 'forget', stream, seq }], false)).catch(() => undefined); // lost, it is sent and received once more
    },
    close: async () => {
      await writing;
      closed = true;
      await file.close();
    },
  };
}
