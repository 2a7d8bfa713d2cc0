/**
 * The settlement journal on PostgreSQL ≥ 15: each period's canonical text, written once, and the claims paid on it.
 *
 * A period is inserted or compared, a claim inserted, neither ever updated: a repeat after a crash is harmless, and a
 * period that differs is loud. Amounts are text in documents and `numeric` in claims: token base units outgrow 64 bits.
 */
import type { Pool } from 'pg';
import { canonical } from '../ledger/entry.ts';
import type { Settlement } from './chain.ts';
import { type Claim, resettled, type SettlementStore } from './settlement-store.ts';

/** Idempotent. */
export const settlementSchema = `
  create table if not exists settlements (period int primary key, up_to_sequence bigint not null, document json not null);
  create table if not exists claims (
    period int not null, account text collate "C" not null, amount numeric not null, at bigint not null,
    primary key (at, period, account, amount));
`;

/** The amounts of a settlement, which its canonical text writes as `25n`. */
type Amounts = 'cumulativeTotal' | 'cumulativeRewards' | 'cumulativeCertifiedWh';
type SettlementDocument = Omit<Settlement, Amounts | 'entitlements'> &
  Readonly<Record<Amounts, string>> & { readonly entitlements: readonly { readonly account: string; readonly cumulative: string }[] };

const amountIn = (text: string): bigint => BigInt(text.slice(0, -1));
const fromDocument = (document: SettlementDocument): Settlement => ({
  ...document,
  entitlements: document.entitlements.map(({ account, cumulative }) => ({ account, cumulative: amountIn(cumulative) })),
  cumulativeTotal: amountIn(document.cumulativeTotal),
  cumulativeRewards: amountIn(document.cumulativeRewards),
  cumulativeCertifiedWh: amountIn(document.cumulativeCertifiedWh),
});

interface PeriodRow {
  readonly up_to_sequence: string;
  readonly document: SettlementDocument;
}

export function createPostgresSettlementStore(pool: Pool): SettlementStore {
  return {
    async put(settlement, upToSequence) {
      const text = canonical(settlement);
      await pool.query('insert into settlements (period, up_to_sequence, document) values ($1, $2, $3) on conflict (period) do nothing', [
        settlement.period,
        upToSequence,
        text,
      ]);
      const { rows } = await pool.query<{ same: boolean }>(
        'select up_to_sequence = $2 and document::text = $3 as same from settlements where period = $1',
        [settlement.period, upToSequence, text],
      );
      if (!rows[0]?.same) throw resettled(settlement.period);
    },
    async list() {
      const { rows } = await pool.query<PeriodRow>('select document from settlements order by period');
      return rows.map(({ document }) => fromDocument(document));
    },
    async latest() {
      const { rows } = await pool.query<PeriodRow>('select up_to_sequence, document from settlements order by period desc limit 1');
      return rows[0] && { settlement: fromDocument(rows[0].document), upToSequence: Number(rows[0].up_to_sequence) };
    },
    async recordClaim(claim) {
      await pool.query('insert into claims (period, account, amount, at) values ($1, $2, $3::numeric, $4) on conflict do nothing', [
        claim.period,
        claim.account,
        claim.amount.toString(),
        claim.at,
      ]);
    },
    async claims() {
      const { rows } = await pool.query<{ period: number; account: string; amount: string; at: string }>(
        'select period, account, amount::text as amount, at from claims order by at, period, account, claims.amount',
      );
      return rows.map(({ period, account, amount, at }): Claim => ({ period, account, amount: BigInt(amount), at: Number(at) }));
    },
  };
}
