/** Retention: what stays on a site's disk of jobs that are done. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { markDone, removeOldest, unmarkDone } from '../../../scheduler/agent/process-retention.ts';

const folder = mkdtempSync(join(tmpdir(), 'sunward-retention-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the folders of jobs', () => {
  test('stay while a job may run, and the newest few once they are done', () => {
    for (const [index, name] of ['oldest', 'older', 'newer', 'newest', 'running', 'again'].entries()) {
      mkdirSync(join(folder, name));
      if (name === 'running') continue;
      markDone(join(folder, name));
      utimesSync(join(folder, name, 'done'), index, index);
    }
    unmarkDone(join(folder, 'again'));
    expect(removeOldest(folder, 2)).toBe(2);
    const left = ['oldest', 'older', 'newer', 'newest', 'running', 'again'].filter((name) => existsSync(join(folder, name)));
    expect(left).toEqual(['newer', 'newest', 'running', 'again']);
  });
});
