/**
 * The model store on PostgreSQL ≥ 15: documents by kind and name, written whole.
 *
 * Models are text, because JSON columns would rewrite numbers; tracks, findings and pages are read by nobody else either.
 */
import type { Pool } from 'pg';
import { type ModelStore, modelFromText, modelText } from './model-store.ts';

/** Idempotent. */
export const modelSchema = `
  create table if not exists forecast_documents (
    collection text collate "C" not null, name text collate "C" not null, document text not null, primary key (collection, name)
  );
`;

type Collection = 'model' | 'track' | 'findings' | 'scores';

/** Documents of one statement, at most: a fleet's tracks are many megabytes. */
const batchMax = 50;

export function createPostgresModelStore(pool: Pool): ModelStore {
  const put = async (collection: Collection, documents: readonly (readonly [name: string, text: string])[]): Promise<void> => {
    for (let from = 0; from < documents.length; from += batchMax) {
      const batch = documents.slice(from, from + batchMax);
      await pool.query(
        `insert into forecast_documents select $1, * from unnest($2::text[], $3::text[])
         on conflict (collection, name) do update set document = excluded.document`,
        [collection, batch.map(([name]) => name), batch.map(([, text]) => text)],
      );
    }
  };
  const all = async (collection: Collection, prefix = ''): Promise<readonly { readonly name: string; readonly document: string }[]> => {
    const { rows } = await pool.query<{ name: string; document: string }>(
      'select name, document from forecast_documents where collection = $1 and starts_with(name, $2) order by name',
      [collection, prefix],
    );
    return rows;
  };
  const parsed = async (collection: Collection) =>
    Object.fromEntries((await all(collection)).map(({ name, document }) => [name, JSON.parse(document)]));
  return {
    putModel: (model) => put('model', [[model.kind, modelText(model)]]),
    models: async () => (await all('model')).map(({ document }) => modelFromText(document)),
    putMemory: async ({ tracks, findings }) => {
      await put('track', textsOf(tracks));
      await put('findings', textsOf(findings));
    },
    memory: async () => ({ tracks: await parsed('track'), findings: await parsed('findings') }),
    putScores: (page) => put('scores', [[`${page.site} ${page.month}`, JSON.stringify(page)]]),
    scores: async (site) => (await all('scores', site === undefined ? '' : `${site} `)).map(({ document }) => JSON.parse(document)),
  };
}

const textsOf = (documents: Readonly<Record<string, unknown>>) =>
  Object.entries(documents).map(([name, document]) => [name, JSON.stringify(document)] as const);
