/**
 * Record faults: a record that a scenario names and that cannot be read, told with its file and what to write instead.
 *
 * The one way from a path of a scenario to a text. A path may leave out `.gz`, as everywhere.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ImportFault, type Need } from '../simulator/traces/importers/import-note.ts';
import { readRecordText } from './record-text.ts';
import { RecordsFault } from './records.ts';

/** What a scenario says for what a record does not. */
const asks: Readonly<Record<Need, string>> = {
  format: 'say which with format',
  zone: 'say which of them with column',
  convention: 'say with stamps: utc, local or offset what its times mean, and time_zone beside it',
  timeUnit: 'say it with jobs.unit: seconds, minutes or hours',
  start: 'write it as one of ours with `sunward data import FILE --start … --out .` and name that file',
  as: 'write it as one of ours with `sunward data import FILE --as … --out .` and name that file',
  rate: 'give it in rates',
};

/** A record as `read` understands its text. @throws RecordsFault when it is not there, Error with the file's name when it cannot be read */
export function readNamed<Read>(file: string, read: (text: string, name: string) => Read): Read {
  const found = [file, `${file}.gz`].find(existsSync);
  if (found === undefined) throw new RecordsFault(file, thereIn(dirname(file)));
  const text = readRecordText(found);
  try {
    return read(text, basename(found));
  } catch (fault) {
    if (!(fault instanceof ImportFault)) throw fault;
    throw new Error(`${file}: ${fault.message}${fault.needs ? `; ${asks[fault.needs]}` : ''}`, { cause: fault });
  }
}

const thereIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).sort() : [`no folder ${folder}`]);
