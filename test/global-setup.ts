/**
 * Global setup: one temporary folder for a whole run of the tests, gone when it ends, whatever they left in it.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sunward-test-'));
  chmodSync(folder, 0o711); // the database of a test does not run as root
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
