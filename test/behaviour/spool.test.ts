/**
 * The spool's behaviour, in memory and in a file; and what only a file can suffer.
 */
import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createFileSpool } from '../../energy-oracle/store/file-spool.ts';
import { createMemorySpool, type Spool, SpoolFault } from '../../energy-oracle/store/spool.ts';
import { contents, entry, spoolBehaviour } from './spool.suite.ts';

const sender = 'acme/berlin';
const folders = new Map<Spool, string>();
const made: string[] = [];
const newFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sunward-spool-'));
  made.push(folder);
  return folder;
};
const openIn = async (folder: string) => {
  const spool = await createFileSpool({ folder, sender });
  folders.set(spool, folder);
  return spool;
};
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

spoolBehaviour('the memory', { open: async () => createMemorySpool(), reopen: undefined });
spoolBehaviour('the file', { open: async () => openIn(await newFolder()), reopen: (spool) => openIn(folders.get(spool) ?? '') });

describe('the file spool', () => {
  const bytesIn = async (folder: string) => {
    const sizes = await Promise.all((await readdir(folder)).map(async (file) => (await stat(join(folder, file))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const fileOf = async (folder: string) => join(folder, (await readdir(folder))[0] ?? '');

  test('survives a last line torn at every byte, losing nothing before it', async () => {
    const folder = await newFolder();
    const spool = await openIn(folder);
    await spool.append([entry('pv_power', 0), entry('pv_power', 1)]);
    await spool.close();
    const path = await fileOf(folder);
    const whole = await readFile(path);
    const firstLine = whole.indexOf('\n') + 1;
    for (let bytes = firstLine; bytes < whole.length; bytes += 7) {
      await writeFile(path, whole);
      await truncate(path, bytes);
      const torn = await openIn(folder);
      expect(await contents(torn)).toEqual([entry('pv_power', 0)]);
      await torn.append([entry('pv_power', 1)]);
      await torn.close();
      const again = await openIn(folder);
      expect(await contents(again)).toEqual([entry('pv_power', 0), entry('pv_power', 1)]);
      await again.close();
    }
  });

  test('does not guess when a line in the middle is damaged', async () => {
    const folder = await newFolder();
    const spool = await openIn(folder);
    await spool.append([entry('pv_power', 0)]);
    await spool.close();
    await appendFile(await fileOf(folder), '{"kind":"entr\n{"kind":"forget","stream":"pv_power","seq":0}\n');
    await expect(openIn(folder)).rejects.toThrow(SpoolFault);
  });

  test('gives the disk back while it runs, and keeps numbering after its segments are gone', async () => {
    const folder = await newFolder();
    const spool = await openIn(folder);
    const payload = new Uint8Array(2_000).fill(7);
    for (let seq = 0; seq < 4_000; seq += 100) {
      await spool.append(Array.from({ length: 100 }, (_, i) => ({ ...entry('pv_power', seq + i), payload })));
      for (let i = 0; i < 100; i++) spool.forget('pv_power', seq + i);
    }
    await spool.append([entry('pv_power', 4_000)]);
    await spool.close();
    expect(await bytesIn(folder)).toBeLessThan(200_000); // 11 MB were written
    const again = await openIn(folder);
    expect(await contents(again)).toEqual([entry('pv_power', 4_000)]);
    expect(again.head('pv_power')).toEqual({ nextSeq: 4_001, end: 4_001_000 });
    await again.close();
  });

  test('keeps two senders in one folder apart', async () => {
    const folder = await newFolder();
    const one = await createFileSpool({ folder, sender: 'acme/berlin' });
    const two = await createFileSpool({ folder, sender: 'acme/paris' });
    await one.append([entry('pv_power', 0)]);
    expect(two.pending()).toEqual([]);
    await one.close();
    await two.append([entry('pv_power', 0)]);
    await two.close();
    expect(await readdir(folder)).toHaveLength(2);
  });

  test('that was left by an earlier version as one file is taken over', async () => {
    const folder = await newFolder();
    const line = { kind: 'entry', stream: 'pv_power', seq: 4, topic: 'energy/v1/acme/berlin/pv_power', payload: 'BAD/Ci==', end: 5_000 };
    await writeFile(join(folder, 'acme%2Fberlin.jsonl'), `${JSON.stringify(line)}\n`);
    const spool = await openIn(folder);
    expect(spool.pending()).toMatchObject([{ stream: 'pv_power', seq: 4 }]);
    await spool.append([entry('pv_power', 5)]);
    expect(spool.head('pv_power').nextSeq).toBe(6);
    await spool.close();
  });

  test('numbers what a batch carries within it, also after a restart', async () => {
    const folder = await newFolder();
    const spool = await openIn(folder);
    const covers = [0, 1].map((seq) => ({ stream: 'pv_power', seq, end: 1_000 * (seq + 1) }));
    await spool.append([{ ...entry('batch', 0), covers }]);
    await spool.close();
    const again = await openIn(folder);
    expect(again.head('pv_power')).toEqual({ nextSeq: 2, end: 2_000 });
    expect(await contents(again)).toEqual([{ ...entry('batch', 0), covers }]);
    await expect(again.append([{ ...entry('batch', 1), covers }])).rejects.toThrow(RangeError);
    await again.close();
  });

  /** Fills it until it refuses, forgets the older half and goes on; nothing that was promised may be gone. */
  const fillAndGoOn = async (folder: string, open: () => Promise<Spool>, refusal: RegExp) => {
    let spool = await open();
    let seq = 0;
    const fill = async () => {
      for (; seq < 5_000; seq++) {
        const fault = await spool.append([entry('pv_power', seq)]).catch((cause: unknown) => cause);
        if (fault === undefined) continue;
        expect(fault).toBeInstanceOf(SpoolFault);
        expect(fault).toMatchObject({ reason: 'full', message: expect.stringMatching(refusal) });
        return;
      }
      throw new Error('it was never full');
    };
    await fill();
    const held = seq;
    expect(held).toBeGreaterThan(500);
    expect(spool.pending().map((each) => each.seq)).toEqual(Array.from({ length: held }, (_, i) => i));
    await spool.close();
    spool = await open(); // a full disk is no reason not to start
    expect(await contents(spool)).toEqual(Array.from({ length: held }, (_, i) => entry('pv_power', i)));
    for (let i = 0; i < held - 100; i++) spool.forget('pv_power', i);
    await spool.append([entry('pv_power', seq)]).catch(() => undefined); // the deletions come before it, in turn
    seq = spool.head('pv_power').nextSeq;
    await fill();
    expect(seq).toBeGreaterThan(held + 200);
    await spool.close();
    spool = await open();
    expect(
      spool
        .pending()
        .map((each) => each.seq)
        .slice(-(seq - held)),
    ).toEqual(Array.from({ length: seq - held }, (_, i) => held + i));
    expect(spool.head('pv_power')).toEqual({ nextSeq: seq, end: 1_000 * seq });
    await spool.close();
    expect(await readdir(folder)).not.toEqual([]);
  };

  test('refuses what is new when it holds its most, keeps the oldest, and goes on when there is room', async () => {
    const folder = await newFolder();
    await fillAndGoOn(
      folder,
      () => createFileSpool({ folder, sender, bytesMax: 200_000 }),
      /the spool is full: it holds \d+ of at most 200000 bytes/,
    );
  });

  test('refuses what is new on a full disk, keeps the oldest, and goes on when there is room', async ({ skip }) => {
    const folder = await newFolder();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'sunward-spool', folder]).status !== 0)
      skip('only root can mount a small disk');
    try {
      await fillAndGoOn(folder, () => createFileSpool({ folder, sender }), /the disk is full \(ENOSPC\)/);
    } finally {
      spawnSync('umount', [folder]);
    }
  }, 60_000);
});
