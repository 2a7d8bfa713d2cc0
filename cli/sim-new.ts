/**
 * Sim new: a commented scenario to begin with, one of those in `examples/scenarios`.
 */
import { constants, copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'examples', 'scenarios');

/** Names of the templates there are. */
export const templates: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.replace(/\.yaml$/, ''))
  .sort();

/** `sunward sim new`. @throws Error when the file is there already: nothing is written over */
export function simNew(file: string, { template }: { readonly template: string }): void {
  try {
    copyFileSync(join(folder, `${template}.yaml`), file, constants.COPYFILE_EXCL);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(code === 'EEXIST' ? `${file} is there already; a scenario is never written over, name another file` : message, {
      cause,
    });
  }
  const command = template === 'sweep' ? 'sweep' : 'run';
  process.stdout.write(`written to ${file}; sunward sim ${command} ${file} runs it\n`);
}
