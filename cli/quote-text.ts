/**
 * Quote text: quotes and explanations as tables, for people. Money in the river's currency, carbon in kg CO2eq.
 */
import type { AlternativeWire, ExplanationWire, PlanWire, QuoteWire } from '../scheduler/wire.ts';
import { table } from './table.ts';

const unknown = '–';
/** Money that is not told apart. */
const tie = 5e-4;
const fixed = (value: number | null, digits: number): string => (value === null ? unknown : value.toFixed(digits));
const signed = (value: number, digits: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(digits)}`;
const kg = (grams: number | null, digits = 2): string => (grams === null ? unknown : `${(grams / 1_000).toFixed(digits)} kg`);

const titles = ['REGION', 'START', 'GPUS', '>kWh', '>PRICE/kWh', '>COST', '>gCO2/kWh', '>CO2', '>SURPLUS%', '>vs-NOW', 'CHOSEN'];

const row = (run: AlternativeWire, mark: string): string[] => [
  `${run.zone} ${run.site}`,
  pausesOf(run) === 0 ? run.start : `${run.start}, ${pausesOf(run)} pause${pausesOf(run) === 1 ? '' : 's'}`,
  `${sharesOf(run)} × ${run.model}`,
  run.energyKwh.toFixed(2),
  fixed(run.pricePerKwh, 3),
  fixed(run.cost, 3),
  fixed(run.carbonGPerKwh, 0),
  kg(run.carbonG),
  fixed(run.surplusPercent, 0),
  run.versusNow ? `${signed(run.versusNow.cost, 3)}, ${signed(run.versusNow.carbonG / 1_000, 2)} kg` : unknown,
  mark,
];

/** Accelerators it holds; fewest and most where they change. */
function sharesOf({ segments, accelerators }: AlternativeWire): string {
  const shares = segments.map((segment) => segment.accelerators);
  const [fewest, most] = [Math.min(accelerators, ...shares), Math.max(accelerators, ...shares)];
  return fewest === most ? String(most) : `${fewest} to ${most}`;
}

/** Times it stops and goes on; a change of its share is none. */
const pausesOf = ({ segments }: AlternativeWire): number =>
  segments.filter(({ start }, at) => at > 0 && segments[at - 1]?.end !== start).length;

const marksOf = ({ chosen, runNow }: AlternativeWire): string => [...(chosen ? ['yes'] : []), ...(runNow ? ['run now'] : [])].join(', ');

/** What `jobs launch --preview` prints. */
export function quoteText({ alternatives, signed: held, detail, reason, currency }: QuoteWire): string {
  if (alternatives.length === 0) return `no run can be quoted: ${reason}: ${detail}`;
  const chosen = alternatives.find((run) => run.chosen);
  const lines = [
    table(
      titles,
      alternatives.map((run) => row(run, marksOf(run))),
    ),
    '',
  ];
  lines.push(chosen ? `${detail}; money in ${currency}` : `none is chosen: ${reason}: ${detail}; money in ${currency}`);
  if (chosen?.costParts) lines.push(partsText(chosen.costParts));
  lines.push(held ? heldText(held, currency) : 'no price is held');
  return `${lines.join('\n')}\nnothing was submitted`;
}

const heldText = ({ expiresAt, insuredCostMicros, promise }: NonNullable<QuoteWire['signed']>, currency: string): string =>
  `stands until ${expiresAt}${promise === 'firm' ? `; a firm job launched with it costs at most ${(Number(insuredCostMicros) / 1e6).toFixed(3)} ${currency}` : ''}`;

function partsText(parts: NonNullable<AlternativeWire['costParts']>): string {
  const named = Object.entries(parts).filter(([name, money]) => name === 'energy' || name === 'computing' || Math.abs(money) >= tie);
  return `of the chosen run: ${named.map(([name, money]) => `${name} ${money.toFixed(3)}`).join(', ')}`;
}

/** Slots of a run that are listed; a longer one is cut. */
const slotsShown = 12;

/** What `jobs explain` prints. */
export function explanationText(told: ExplanationWire): string {
  const { job, state, kind, reason, needed, placement, chosen, elsewhere, otherTime, binding, slots, plan, currency } = told;
  const beside = (run: ExplanationWire['elsewhere']) =>
    run
      ? `${run.site} from ${run.start}: ${signed(run.dearer, 3)} ${currency}${run.dearer < -tie ? ', at prices that are exact to the plan’s gap' : ''}`
      : 'none before its deadline';
  const facts = [
    ['state', state],
    ['why', reason],
    ...(needed === null ? [] : [['needed', needed]]),
    ...(placement
      ? [
          ['where', `${placement.site}, ${placement.accelerators} × ${placement.model}`],
          ['when', `${placement.start} to ${placement.end}`],
          ['surplus', `${fixed(told.surplusPercent, 0)} %`],
          ['believed', `${placement.price.toFixed(3)} ${currency}, ${kg(placement.carbonG)} CO2eq`],
        ]
      : []),
    ...(kind === 'planned'
      ? [
          ['binds', binding.join('; ') || 'nothing: it got its wish'],
          ['elsewhere', beside(elsewhere)],
          ['other time', beside(otherTime)],
        ]
      : []),
    ['plan', plan ? planText(plan.costs, currency, plan.at) : 'none yet'],
  ];
  const runs = [chosen, elsewhere, otherTime].filter((run) => run !== null);
  const marks = runs.map((run) => (run === chosen ? 'yes' : ''));
  const parts = [table([job, ''], facts)];
  if (chosen?.cost !== null && runs.length > 0)
    parts.push(
      table(
        titles,
        runs.map((run, at) => row(run, marks[at] ?? '')),
      ),
    );
  if (slots.length > 0) parts.push(slotTable(slots));
  return parts.join('\n\n');
}

function slotTable(slots: ExplanationWire['slots']): string {
  const rows = slots
    .slice(0, slotsShown)
    .map((slot) => [
      slot.slot,
      String(slot.accelerators),
      slot.pricePerAcceleratorHour.toFixed(4),
      fixed(slot.surplusPricePerMwh, 1),
      fixed(slot.importPricePerMwh, 1),
      fixed(slot.carbonGPerKwh, 0),
    ]);
  const more = slots.length > slotsShown ? `\nand ${slots.length - slotsShown} slots more; --json tells all` : '';
  return table(['SLOT', '>GPUS', '>GPU/h', '>SURPLUS/MWh', '>GRID/MWh', '>gCO2/kWh'], rows) + more;
}

/** A plan's cost, what no plan could cost less than, and how far apart they are. */
export function planText({ believed, leftOut, lowerBound, gap }: PlanWire['costs'], currency: string, at: string): string {
  const left = leftOut > tie ? `, ${leftOut.toFixed(3)} of it for jobs left out` : '';
  return `${at}: cost ${believed.toFixed(3)} ${currency}${left}, no plan below ${lowerBound.toFixed(3)}, gap ${(100 * gap).toFixed(2)} %`;
}
