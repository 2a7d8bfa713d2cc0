/**
 * File spool: a sender's spool as a row of append-only segments on the disk.
 *
 * An entry is on the disk (fdatasync) before `append` resolves; forgetting is written lazily, for a repeat is harmless.
 * A segment is deleted when nothing in it is needed, so room comes back without room being needed. Every segment begins
 * with the numbers of all streams, so they outlive the segments before it. Payloads stay on the disk: memory holds one
 * mark an entry. One process at a time per folder.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bytesOf,
  diskFault,
  entryAt,
  type Line,
  lineOf,
  type PlacedLine,
  readSegment,
  type Segment,
  syncFolder,
  writeTo,
} from './file-spool-segment.ts';
import { requireNextNumbers, type Spool, type SpoolEntry, SpoolFault, type SpoolMark, spoolKey } from './spool.ts';

/** A segment that is longer takes no more entries. */
const segmentBytesMax = 64_000;
/** What a spool takes of the disk unless told: two months of eight streams a minute. */
const spoolBytesMax = 256_000_000;

export interface FileSpoolOptions {
  readonly folder: string;
  readonly sender: string;
  /** A spool that holds so much refuses what is new. */
  readonly bytesMax?: number;
}

interface Slot extends SpoolMark {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
}

interface Index {
  readonly heads: Map<string, { nextSeq: number; end: number }>;
  readonly slots: Map<string, Slot>;
}

function drop({ slots }: Index, key: string): Segment | undefined {
  const slot = slots.get(key);
  if (!slot) return undefined;
  slots.delete(key);
  slot.segment.pending -= 1;
  return slot.segment;
}

function note(index: Index, segment: Segment, { line, offset, bytes }: PlacedLine): void {
  if (line.kind === 'head') index.heads.set(line.stream, { nextSeq: line.nextSeq, end: line.end });
  else if (line.kind === 'forget') drop(index, spoolKey(line.stream, line.seq));
  else {
    const key = spoolKey(line.stream, line.seq);
    drop(index, key); // the same number in a later segment: the earlier append failed, was never promised and never sent
    for (const { stream, seq, end } of [line, ...(line.covers ?? [])]) index.heads.set(stream, { nextSeq: seq + 1, end });
    index.slots.set(key, { stream: line.stream, seq: line.seq, end: line.end, segment, offset, bytes });
    segment.pending += 1;
  }
}

/** The segments of a sender in order; `<sender>.jsonl`, of earlier versions, is the first. */
async function segmentsIn(folder: string, name: string): Promise<Segment[]> {
  const numberOf = (file: string): number | undefined => {
    if (file === `${name}.jsonl`) return 0;
    if (!file.startsWith(`${name}.`)) return undefined;
    const [, digits] = /^(\d{8})\.jsonl$/.exec(file.slice(name.length + 1)) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const found = (await readdir(folder)).flatMap((file) => {
    const number = numberOf(file);
    return number === undefined ? [] : [{ number, path: join(folder, file), bytes: 0, pending: 0, spoilt: false }];
  });
  return found.sort((a, b) => a.number - b.number);
}

/** What a sender's folder holds, without changing it: for a look from beside. @throws SpoolFault */
export async function readFileSpool({ folder, sender }: FileSpoolOptions): Promise<Pick<Spool, 'head' | 'pending' | 'size'>> {
  const { heads, slots, segments } = await load(folder, encodeURIComponent(sender));
  return {
    head: (stream) => heads.get(stream) ?? { nextSeq: 0, end: undefined },
    pending: () => [...slots.values()],
    size: () => ({ entries: slots.size, bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0) }),
  };
}

async function load(folder: string, name: string): Promise<Index & { readonly segments: Segment[] }> {
  const index: Index = { heads: new Map(), slots: new Map() };
  const segments = await segmentsIn(folder, name).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw diskFault(folder, 'cannot be read', cause);
  });
  for (const segment of segments) {
    const { lines, bytes } = await readSegment(segment.path);
    segment.bytes = bytes;
    for (const placed of lines) note(index, segment, placed);
  }
  return { ...index, segments };
}

/**
 * Opens, or creates, the spool of a sender in a folder.
 *
 * @throws SpoolFault when what is there cannot be read, or the folder cannot be used
 */
export async function createFileSpool({ folder, sender, bytesMax = spoolBytesMax }: FileSpoolOptions): Promise<Spool> {
  const name = encodeURIComponent(sender);
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw diskFault(folder, 'cannot be made', cause);
  });
  const { segments, ...index } = await load(folder, name);
  const { heads, slots } = index;
  let last: { readonly segment: Segment; readonly file: FileHandle } | undefined;
  let nextNumber = (segments.at(-1)?.number ?? 0) + 1;
  let closed = false;
  let unwritten: Line[] = []; // forgets that wait for their turn
  let writing: Promise<unknown> = Promise.resolve(); // one write at a time, in order
  const head: Spool['head'] = (stream) => heads.get(stream) ?? { nextSeq: 0, end: undefined };
  const bytesNow = () => segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = writing.then(work);
    writing = turn.catch(() => undefined); // whoever asked for the write hears of it
    return turn;
  };

  /** The last segment as it is on the disk, without the torn end of an earlier process. */
  const reopen = async () => {
    const segment = segments.at(-1);
    if (!segment) return;
    const file = await open(segment.path, 'a'); // appending, so that a write after a truncation leaves no hole
    await file.truncate(segment.bytes).catch(() => {
      segment.spoilt = true;
    });
    last = { segment, file };
  };
  const deleteSpent = async () => {
    for (const segment of segments.slice(0, -1)) {
      if (segment.pending > 0) continue;
      await rm(segment.path, { force: true });
      segments.splice(segments.indexOf(segment), 1);
    }
  };
  /** Writes to a new last segment, which begins with the numbers of all streams. */
  const begin = async (added: Buffer): Promise<Segment> => {
    const number = nextNumber;
    const segment: Segment = {
      number,
      path: join(folder, `${name}.${String(number).padStart(8, '0')}.jsonl`),
      bytes: 0,
      pending: 0,
      spoilt: false,
    };
    const start = Buffer.concat([...heads].map(([stream, { nextSeq, end }]) => bytesOf({ kind: 'head', stream, nextSeq, end })));
    const file = await open(segment.path, 'ax').catch((cause: unknown) => {
      throw diskFault(segment.path, 'cannot be made', cause);
    });
    try {
      await writeTo(segment, file, Buffer.concat([start, added]), true);
      await syncFolder(folder).catch((cause: unknown) => {
        throw diskFault(folder, 'cannot be synced', cause);
      });
    } catch (fault) {
      await file.close().catch(() => undefined);
      // a file that stays takes its number with it; its lines were never promised, and later ones supersede them
      await rm(segment.path, { force: true }).catch(() => {
        nextNumber += 1;
      });
      throw fault;
    }
    nextNumber += 1;
    await last?.file.close().catch(() => undefined);
    segments.push(segment);
    last = { segment, file };
    await deleteSpent().catch(() => undefined); // tried again with the next segment and at the next opening
    return segment;
  };
  const append = async (added: readonly SpoolEntry[]) => {
    if (closed) throw new SpoolFault(folder, 'closed', 'the spool is closed');
    requireNextNumbers(added, head);
    const lines = added.map(lineOf);
    const texts = lines.map(bytesOf);
    const text = Buffer.concat(texts);
    const held = bytesNow();
    if (held + text.length > bytesMax)
      throw new SpoolFault(folder, 'full', `the spool is full: it holds ${held} of at most ${bytesMax} bytes`);
    let segment = last?.segment;
    if (!last || !segment || segment.spoilt || segment.bytes >= Math.min(segmentBytesMax, bytesMax / 8)) segment = await begin(text);
    else await writeTo(segment, last.file, text, true);
    let offset = segment.bytes - text.length;
    for (const [i, line] of lines.entries()) {
      const bytes = (texts[i] as Buffer).length;
      note(index, segment, { line, offset, bytes });
      offset += bytes;
    }
  };
  const writeForgets = async () => {
    const lines = unwritten;
    unwritten = [];
    await deleteSpent();
    if (last && !last.segment.spoilt && lines.length > 0) await writeTo(last.segment, last.file, Buffer.concat(lines.map(bytesOf)), false);
  };
  const contentOf = async ({ segment, offset, bytes }: Slot, cached: { segment: Segment; content: Buffer } | undefined) => {
    if (cached?.segment === segment && cached.content.length >= offset + bytes) return cached;
    return { segment, content: await readFile(segment.path) };
  };

  await reopen().catch((cause: unknown) => {
    throw diskFault(folder, 'cannot be opened for writing', cause);
  });
  await deleteSpent().catch(() => undefined); // room that comes back later
  return {
    head,
    append: (added) => inTurn(() => append(added)),
    pending: () => [...slots.values()],
    read: async (marks) => {
      const entries: SpoolEntry[] = [];
      let cached: { segment: Segment; content: Buffer } | undefined;
      for (const { stream, seq } of marks) {
        const key = spoolKey(stream, seq);
        const slot = slots.get(key);
        if (!slot) continue;
        try {
          cached = await contentOf(slot, cached);
        } catch (cause) {
          if (!slots.has(key)) continue; // forgotten, and its segment deleted, meanwhile
          throw diskFault(slot.segment.path, 'cannot be read', cause);
        }
        const entry = entryAt(cached.content, slot.offset, slot.bytes);
        if (!entry) throw new SpoolFault(slot.segment.path, 'damaged', `${key} no longer stands at byte ${slot.offset}`);
        entries.push(entry);
      }
      return entries;
    },
    forget: (stream, seq) => {
      if (!drop(index, spoolKey(stream, seq))) return false;
      if (closed) return true;
      unwritten.push({ kind: 'forget', stream, seq });
      if (unwritten.length === 1) void inTurn(writeForgets).catch(() => undefined); // lost, it is sent and received once more
      return true;
    },
    size: () => ({ entries: slots.size, bytes: bytesNow() }),
    close: async () => {
      await writing;
      closed = true;
      await last?.file.close();
    },
  };
}
