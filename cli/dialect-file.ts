/**
 * Dialect file: the mapping that `sniff` writes and the gateway takes, read from YAML and checked.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DialectFault, defaultMapping, type Mapping, readMapping } from '../energy-oracle/telemetry/dialects/dialect.ts';

/** Reads a mapping; every built-in dialect without a file. @throws DialectFault that names the file and every path */
export function readDialectFile(file: string | undefined): Mapping {
  if (file === undefined) return defaultMapping;
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DialectFault(`${file}: ${code === 'ENOENT' ? 'no such file; `sunward oracle sniff --save` writes one' : message}`, { cause });
  }
  try {
    return readMapping(content);
  } catch (fault) {
    throw new DialectFault(`${file}: ${(fault as Error).message}`, { cause: fault });
  }
}
