/**
 * Oracle openapi: prints what this server answers, as a table of routes or as the OpenAPI document itself.
 */
import { Command } from 'commander';
import { createServed } from '../energy-oracle/served/served-apis.ts';
import { createMemorySeriesStore } from '../energy-oracle/store/memory-series-store.ts';
import { wholeDocument } from './served-http.ts';
import { readFleet } from './site-file.ts';
import { table } from './table.ts';

/** The document for a fleet file's mounts, or for the default ones. Nothing is started and nobody is asked. */
function documentFor(fleet: string | undefined) {
  const { sites, apis: config } = fleet === undefined ? { sites: [], apis: undefined } : readFleet(fleet);
  const unasked = { clock: { now: () => 0 }, store: createMemorySeriesStore(), randomHex: () => '' };
  return wholeDocument(createServed({ ...unasked, sites, config }));
}

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly 'x-role'?: string;
}

/** Resolves when all of it is out: the process ends with the command, and a pipe takes less at once than the document is long. */
const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(`${text}\n`, (fault) => (fault ? reject(fault) : resolve())));

export const openapiCommand = (): Command =>
  new Command('openapi')
    .description('print every route that the server answers')
    .option('--fleet <file>', 'as `sunward serve` gets it: with its mounts')
    .option('--json', 'print the OpenAPI 3.1 document', false)
    .action(async ({ fleet, json }: { readonly fleet?: string; readonly json: boolean }) => {
      const document = documentFor(fleet);
      if (json) return print(JSON.stringify(document, null, 2));
      const rows = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
        Object.entries(item as Record<string, Operation>).map(([method, { tags, summary, ...rest }]) => [
          method.toUpperCase(),
          path,
          rest['x-role'] ?? '',
          tags?.[0] ?? '',
          summary ?? '',
        ]),
      );
      await print(table(['METHOD', 'PATH', 'ROLE', 'API', 'WHAT'], rows));
    });
