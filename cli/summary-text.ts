/**
 * Summary text: the summary as a person reads it.
 */
import type { SummaryWire } from '../scheduler/wire.ts';
import { table } from './table.ts';

/** A table of what happened; savings with their sign (minus is less than run-now). */
export function summaryText({
  from,
  to,
  jobs,
  energyWh,
  carbonG,
  cost,
  surplusWh,
  deadlines,
  readings,
  settlement,
  ledger,
}: SummaryWire): string {
  const kwh = (wattHours: number) => `${(wattHours / 1_000).toFixed(1)} kWh`;
  const kg = (grams: number) => `${(grams / 1_000).toFixed(2)} kg`;
  const money = (amount: number) => `${amount.toFixed(Math.abs(amount) < 0.1 ? 4 : 2)} ${cost.currency}`;
  const share = (actual: number, other: number) => (other === 0 ? '–' : `${(((actual - other) / Math.abs(other)) * 100).toFixed(1)} %`);
  const quarantined =
    Object.entries(readings.quarantined)
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', ') || 'none';
  return table(
    [`${from} to ${to}`, '>', ''],
    [
      [
        'jobs submitted',
        String(jobs.submitted),
        Object.entries(jobs.byState)
          .map(([state, count]) => `${count} ${state.toLowerCase()}`)
          .join(', '),
      ],
      ['deadlines met', String(deadlines.met), `${deadlines.missed} missed`],
      ['energy from surplus', kwh(energyWh.surplus), `${kwh(surplusWh.left)} surplus left`],
      ['energy from the grid', kwh(energyWh.grid), ''],
      [
        'carbon (location-based)',
        kg(carbonG.actual),
        `${kg(carbonG.counterfactual)} had every job run at once at its home: ${share(carbonG.actual, carbonG.counterfactual)}`,
      ],
      ['energy cost', money(cost.actual), `${money(cost.counterfactual)} at once at home: ${share(cost.actual, cost.counterfactual)}`],
      ['readings accepted', String(readings.accepted), `quarantined: ${quarantined}`],
      [
        'periods settled',
        String(settlement.periods),
        `${settlement.claimed.toFixed(2)} of ${settlement.promised.toFixed(2)} tokens claimed`,
      ],
      ['ledger entries', String(ledger.entries), ledger.balanced ? 'balanced, chain intact' : 'NOT BALANCED'],
    ],
  );
}
