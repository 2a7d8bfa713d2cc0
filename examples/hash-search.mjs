/** Searches a range of numbers for the smallest SHA-256; what is left of the range is its checkpoint. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

const candidates = Number(process.env.CANDIDATES ?? 2_000_000);
const text = process.env.TEXT ?? 'sunward';
const folder = process.env.SUNWARD_CHECKPOINT_DIR ?? '.';
const part = 50_000;

let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});
const write = (name, value) => {
  writeFileSync(`${folder}/${name}.new`, value);
  renameSync(`${folder}/${name}.new`, `${folder}/${name}`);
};

let { next, best } = existsSync(`${folder}/checkpoint.json`)
  ? JSON.parse(readFileSync(`${folder}/checkpoint.json`, 'utf8'))
  : { next: 0, best: { number: 0, hash: 'f'.repeat(64) } };
if (next > 0) console.log(`resumed at ${next}`);
while (next < candidates) {
  for (const end = Math.min(candidates, next + part); next < end; next++) {
    const hash = createHash('sha256').update(`${text} ${next}`).digest('hex');
    if (hash < best.hash) best = { number: next, hash };
  }
  write('checkpoint.json', JSON.stringify({ next, best }));
  write('progress', String(next / candidates));
  await turn(); // lets SIGTERM in
  if (stopped) process.exit(143);
}
write('result.json', JSON.stringify(best));
console.log(`smallest of ${candidates}: ${text} ${best.number} is ${best.hash}`);
