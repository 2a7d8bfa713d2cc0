/**
 * The spool's behaviour, in memory and in a file; and what only a file can suffer.
 */
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
});
