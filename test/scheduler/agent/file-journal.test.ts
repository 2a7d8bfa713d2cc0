import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFileJournal } from '../../../scheduler/agent/file-journal.ts';
import { emptyJournal, type Journal } from '../../../scheduler/agent/journal.ts';

const path = () => join(mkdtempSync(join(tmpdir(), 'sunward-journal-')), 'site', 'journal.json');
const snapshot: Journal = {
  seq: 9,
  fences: { a: { fence: 3, until: 1_000 } },
  runs: [],
  unreceipted: { site: 'oak', seq: 9, at: 5, runs: [], signature: 'x' },
};

describe('a file journal', () => {
  test('is empty on first use', async () => expect(await createFileJournal(path()).load()).toEqual(emptyJournal));

  test('gives back in another life what was saved last', async () => {
    const file = path();
    await createFileJournal(file).save({ ...snapshot, seq: 8 });
    await createFileJournal(file).save(snapshot);
    expect(await createFileJournal(file).load()).toEqual(snapshot);
    expect(readdirSync(join(file, '..'))).toEqual(['journal.json']);
  });

  test('keeps the old snapshot when a kill left a new one half written', async () => {
    const file = path();
    await createFileJournal(file).save(snapshot);
    writeFileSync(`${file}.new`, '{"form":"sunw');
    expect(await createFileJournal(file).load()).toEqual(snapshot);
  });

  test('refuses a damaged file rather than starting anew, which would forget fences', async () => {
    const file = path();
    await createFileJournal(file).save(snapshot);
    writeFileSync(file, '{"seq":1');
    await expect(createFileJournal(file).load()).rejects.toThrow('is damaged');
    writeFileSync(file, '{"seq":1}');
    await expect(createFileJournal(file).load()).rejects.toThrow('is damaged');
  });
});
