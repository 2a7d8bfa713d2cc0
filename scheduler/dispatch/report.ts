/**
 * Report: the signed text of an agent's word, and its strict decoding at the scheduler's end.
 *
 * A site's key signs the domain tag, the site, the number, the instant and the canonical JSON of the runs, so that a
 * report cannot be replayed under another site or number. What is refused here never gets a receipt.
 */
import { z } from 'zod';
import { isSignedBy, type SigningKey } from '../../energy-oracle/site.ts';
import type { Report, RunReport } from './lease.ts';

/** Longest report that is looked at, bytes of UTF-8; brokers are set to little more. */
export const reportBytesMax = 65_536;

const count = z.int().nonnegative();
const runReport = z.strictObject({
  run: z.string().min(1).max(256),
  state: z.enum(['running', 'succeeded', 'failed', 'checkpointed', 'lost']),
  progress: z.number().nonnegative(),
  metered: z.array(z.strictObject({ slot: count, energyWh: count })),
  detail: z.string().max(1_024),
  endedAt: count.optional(),
});
const reportSchema = z.strictObject({
  site: z.string().regex(/^[a-z0-9-]{1,64}$/),
  seq: count,
  at: count,
  runs: z.array(runReport),
  signature: z.string(),
});

/** The text that is signed: fields in a fixed order, so that one report has one text. */
export function signedReportText({ site, seq, at, runs }: Omit<Report, 'signature'>): string {
  const canonical = runs.map(({ run, state, progress, metered, detail, endedAt }) => ({
    run,
    state,
    progress,
    metered: metered.map(({ slot, energyWh }) => ({ slot, energyWh })),
    detail,
    endedAt, // not in the text while it runs
  }));
  return ['sunward/report/1', site, String(seq), String(at), JSON.stringify(canonical)].join('\n');
}

/** Signs a report with the site's key. */
export function signReport(report: { site: string; seq: number; at: number; runs: readonly RunReport[] }, key: SigningKey): Report {
  return { ...report, signature: key.sign(signedReportText(report)) };
}

export type ReadReport =
  | { readonly kind: 'report'; readonly report: Report }
  | {
      readonly kind: 'refused';
      readonly reason: 'oversized' | 'not-json' | 'schema' | 'unknown-site' | 'signature';
      readonly detail: string;
    };

/**
 * Decodes and verifies what a site sent as JSON text.
 *
 * @param keyOf  public key of a site's meter in hex; `undefined` for a site that is not enrolled
 */
export function readReport(text: string, keyOf: (site: string) => string | undefined): ReadReport {
  const refuse = (reason: (ReadReport & { kind: 'refused' })['reason'], detail: string): ReadReport => ({
    kind: 'refused',
    reason,
    detail,
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > reportBytesMax) return refuse('oversized', `${bytes} bytes, at most ${reportBytesMax}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('not-json', 'the payload is not JSON');
  }
  const parsed = reportSchema.safeParse(json);
  if (!parsed.success) return refuse('schema', z.prettifyError(parsed.error));
  const report: Report = parsed.data;
  const key = keyOf(report.site);
  if (key === undefined) return refuse('unknown-site', report.site);
  if (!isSignedBy(key, signedReportText(report), report.signature)) return refuse('signature', `${report.site} report ${report.seq}`);
  return { kind: 'report', report };
}
