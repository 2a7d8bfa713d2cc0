/**
 * Packed file: text of a record, plain or gzipped by its name.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export function readPacked(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}
