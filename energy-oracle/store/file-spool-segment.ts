/**
 * File spool segment: one append-only file of JSON lines, the unit in which a spool's disk is given back.
 *
 * Owns the line format, reading a segment back and writing to its end. A last line torn by a crash was never promised
 * and is cut off; a broken line before it is a fault, not a guess. A write that fails leaves the file as it was, or
 * marks it so that nothing more follows what may stand there.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type SpoolEntry, SpoolFault } from './spool.ts';

const entryLine = z.strictObject({
  kind: z.literal('entry'),
  stream: z.string(),
  seq: z.int().nonnegative(),
  topic: z.string(),
  payload: z.string(),
  end: z.number(),
  covers: z.array(z.strictObject({ stream: z.string(), seq: z.int().nonnegative(), end: z.number() })).optional(),
});
const line = z.discriminatedUnion('kind', [
  entryLine,
  z.strictObject({ kind: z.literal('forget'), stream: z.string(), seq: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('head'), stream: z.string(), nextSeq: z.int().nonnegative(), end: z.number() }),
]);
export type Line = z.infer<typeof line>;

/** A line and where it stands in its file. */
export interface PlacedLine {
  readonly line: Line;
  readonly offset: number;
  readonly bytes: number;
}

export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Whole lines in it; what a failed write left behind them does not count. */
  bytes: number;
  /** Entries in it without a receipt; a segment that has none and is not the last is deleted. */
  pending: number;
  /** A failed write could not be cut off: nothing may follow it here. */
  spoilt: boolean;
}

const newline = 10;

export const bytesOf = (told: Line): Buffer => Buffer.from(`${JSON.stringify(told)}\n`);

export const lineOf = ({ stream, seq, topic, payload, end, covers }: SpoolEntry): Line => ({
  kind: 'entry',
  stream,
  seq,
  topic,
  payload: Buffer.from(payload).toString('base64'),
  end,
  ...(covers === undefined ? {} : { covers: [...covers] }),
});

/** The entry of a line within a segment's bytes; `undefined` when no entry stands there. */
export function entryAt(content: Buffer, offset: number, bytes: number): SpoolEntry | undefined {
  const parsed = entryLine.safeParse(jsonOf(content.subarray(offset, offset + bytes)));
  if (!parsed.success) return undefined;
  const { kind: _, payload, covers, ...mark } = parsed.data;
  return { ...mark, ...(covers === undefined ? {} : { covers }), payload: Uint8Array.from(Buffer.from(payload, 'base64')) };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // no line of ours: the caller says which
  }
}

/** Every whole line of a segment in order, and how many bytes they take. @throws SpoolFault for a line that cannot be read */
export async function readSegment(path: string): Promise<{ readonly lines: readonly PlacedLine[]; readonly bytes: number }> {
  const content = await readFile(path).catch((cause: unknown) => {
    throw new SpoolFault(path, 'failed', 'cannot be read', cause);
  });
  const lines: PlacedLine[] = [];
  let offset = 0;
  for (let end = content.indexOf(newline); end >= 0; end = content.indexOf(newline, offset)) {
    const parsed = line.safeParse(jsonOf(content.subarray(offset, end)));
    if (!parsed.success)
      throw new SpoolFault(
        path,
        'damaged',
        `line ${lines.length + 1} is damaged; take that line out to go on without it, and leave the rest, which holds the numbers`,
        parsed.error,
      );
    lines.push({ line: parsed.data, offset, bytes: end + 1 - offset });
    offset = end + 1;
  }
  return { lines, bytes: offset };
}

/** True when the fault is room that is missing: the disk, the quota or the process's own limit. */
const isFull = (cause: unknown) => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '');

/** A fault of the disk in words: `full` when room is missing, `failed` otherwise. */
export function diskFault(path: string, what: string, cause: unknown): SpoolFault {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  return new SpoolFault(path, isFull(cause) ? 'full' : 'failed', isFull(cause) ? `the disk is full (${code})` : `${what} (${code})`, cause);
}

/** Writes to the end of a segment. @throws SpoolFault, with the segment as it was, or spoilt */
export async function writeTo(segment: Segment, file: FileHandle, added: Buffer, isDurable: boolean): Promise<void> {
  try {
    await file.appendFile(added);
    if (isDurable) await file.datasync();
    segment.bytes += added.length;
  } catch (cause) {
    await file.truncate(segment.bytes).catch(() => {
      segment.spoilt = true;
    });
    throw diskFault(segment.path, 'cannot be written', cause);
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}
