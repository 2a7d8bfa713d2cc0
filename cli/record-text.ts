/**
 * Record text: one file of records as text, packed or not.
 *
 * Owns the two things that stand between a file and its text: gzip, told by its first bytes and not by its name, and
 * weather files that still spell their places in Latin-1.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Largest text that is read, bytes: Node's own limit on a string is a little above. */
const bytesMax = 500_000_000;

/** @throws Error that says what is there instead of a readable file */
export function readRecordText(file: string): string {
  const packed = readBytes(file);
  const bytes = packed[0] === 0x1f && packed[1] === 0x8b ? unpack(file, packed) : packed;
  if (bytes.length > bytesMax) throw new Error(`${file} has ${bytes.length} bytes; at most ${bytesMax} are read, so cut it first`);
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const found: Readonly<Record<string, string>> = {
      ENOENT: 'is not there',
      EISDIR: 'is a folder; name one file of it',
      EACCES: 'may not be read',
    };
    throw new Error(found[code ?? ''] ? `${file} ${found[code ?? '']}` : message, { cause });
  }
}

function unpack(file: string, packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: bytesMax });
  } catch (cause) {
    throw new Error(`${file} begins as gzip does and cannot be unpacked (${(cause as Error).message}); fetch it again`, { cause });
  }
}
