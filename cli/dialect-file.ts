/**
 * Dialect file: the mapping that `sniff` writes and the gateway takes, read from YAML and checked.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DialectFault, defaultMapping, type Mapping, readMapping } from '../energy-oracle/telemetry/dialects/dialect.ts';

/** Reads a mapping; every built-in dialect without a file. @throws DialectFault that names the file and every path */
export const readDialectFile = (file: string | undefined): Mapping => mappingIn(dialectFileContent(file), file);

/** What the file says, unchecked; `undefined` without a file. @throws DialectFault */
export function dialectFileContent(file: string | undefined): unknown {
  if (file === undefined) return undefined;
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DialectFault(`${file}: ${code === 'ENOENT' ? 'no such file; `sunward oracle sniff --save` writes one' : message}`, { cause });
  }
}

/** The content, checked. @throws DialectFault that names the file and every path */
export function mappingIn(content: unknown, file: string | undefined): Mapping {
  if (content === undefined || content === null) return defaultMapping;
  try {
    return readMapping(content);
  } catch (fault) {
    throw new DialectFault(`${file ?? 'the mapping'}: ${(fault as Error).message}`, { cause: fault });
  }
}
