/**
 * The outlook of one site: surplus as a fan from P10 to P90 around P50, the import price on a second axis, and below,
 * on the same time axis, the jobs that are placed here.
 *
 * The canvas has a twin for those who cannot see it: a sentence and a table. A slot without an outlook is a hole.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { OutlookWire } from '../energy-oracle/wire.ts';
import type { JobWire } from '../scheduler/wire.ts';
import { formatKw, formatMoment, formatNumber, formatWh, formatWindow } from './format.ts';
import { isOver } from './job-state.tsx';

const CHART_HEIGHT = 260;
/** Widths of the two axes, fixed so that the strip of jobs below lines up with the slots. */
const AXIS_LEFT = 52;
const AXIS_RIGHT = 58;
const LANES_MAX = 6;

type Slot = OutlookWire['slots'][number];

const slotStart = (outlook: OutlookWire, index: number): number => Date.parse(outlook.start) + index * outlook.stepMs;
const isoAt = (outlook: OutlookWire, index: number): string => new Date(slotStart(outlook, index)).toISOString();

/** Columns for uPlot, the last slot said twice so that its step has a width. */
function columnsOf(outlook: OutlookWire): uPlot.AlignedData {
  const column = (pick: (slot: Slot) => number | undefined) => {
    const values = outlook.slots.map((slot) => pick(slot) ?? null);
    return [...values, values.at(-1) ?? null];
  };
  return [
    Array.from({ length: outlook.slots.length + 1 }, (_, i) => slotStart(outlook, i) / 1_000),
    column((slot) => slot.surplusKw?.p90),
    column((slot) => slot.surplusKw?.p10),
    column((slot) => slot.surplusKw?.p50),
    column((slot) => slot.importPricePerMwh?.p50),
  ];
}

/** The chart in one sentence: the best slot, the cheapest slot, the energy expected. */
function outlookSentence(outlook: OutlookWire): string {
  const best = { kw: 0, index: -1 };
  const cheap = { price: Number.POSITIVE_INFINITY, index: -1 };
  let kwh = 0;
  outlook.slots.forEach(({ surplusKw, importPricePerMwh }, index) => {
    if (surplusKw) {
      kwh += (surplusKw.p50 * outlook.stepMs) / 3_600_000;
      if (surplusKw.p50 > best.kw) Object.assign(best, { kw: surplusKw.p50, index });
    }
    if (importPricePerMwh && importPricePerMwh.p50 < cheap.price) Object.assign(cheap, { price: importPricePerMwh.p50, index });
  });
  const hours = formatNumber((outlook.slots.length * outlook.stepMs) / 3_600_000);
  const surplus =
    best.index < 0
      ? `No surplus is expected in the next ${hours} hours`
      : `In the next ${hours} hours ${formatWh(kwh * 1_000)} of surplus are expected, most at ${formatMoment(isoAt(outlook, best.index))} (${formatKw(best.kw)} kW)`;
  const price =
    cheap.index < 0
      ? 'prices are not known'
      : `the grid is cheapest at ${formatMoment(isoAt(outlook, cheap.index))} (${formatNumber(cheap.price, 1)} ${outlook.currency}/MWh)`;
  return `${surplus}; ${price}.`;
}

function optionsOf(width: number, colours: CSSStyleDeclaration, onCursor: (index: number | undefined) => void): uPlot.Options {
  const colour = (name: string) => colours.getPropertyValue(name).trim();
  const font = '12px system-ui, sans-serif';
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const paths = stepped ? { paths: stepped } : {};
  const axis = { font, stroke: colour('--muted'), ticks: { show: false } };
  const inTwoLines = (_: uPlot, splits: number[]) =>
    splits.map((seconds, i) => {
      const iso = new Date(seconds * 1_000).toISOString();
      const newDay = i === 0 || new Date((splits[i - 1] ?? 0) * 1_000).getUTCDate() !== new Date(seconds * 1_000).getUTCDate();
      return newDay ? `${iso.slice(11, 16)}\n${formatMoment(iso).slice(0, -6)}` : iso.slice(11, 16);
    });
  return {
    width,
    height: CHART_HEIGHT,
    padding: [12, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    scales: {
      x: { time: true },
      kW: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] },
      price: { range: (_, min, max) => [Math.min(0, min * 1.1), Math.max(1, max * 1.15)] },
    },
    axes: [
      { ...axis, values: inTwoLines, grid: { stroke: colour('--line'), width: 1 }, size: 42, space: width < 500 ? 56 : 70 },
      {
        ...axis,
        scale: 'kW',
        size: AXIS_LEFT,
        grid: { stroke: colour('--line'), width: 1 },
        values: (_, ticks) => ticks.map((kw) => formatNumber(kw, 1)),
      },
      {
        ...axis,
        scale: 'price',
        side: 1,
        size: AXIS_RIGHT,
        grid: { show: false },
        stroke: colour('--grid'),
        values: (_, ticks) => ticks.map((price) => formatNumber(price, 1)),
      },
    ],
    series: [
      {},
      { scale: 'kW', stroke: 'transparent', points: { show: false }, ...paths },
      { scale: 'kW', stroke: 'transparent', points: { show: false }, ...paths },
      { scale: 'kW', stroke: colour('--surplus-line'), width: 2, points: { show: false }, ...paths },
      { scale: 'price', stroke: colour('--grid'), width: 1.5, points: { show: false }, ...paths },
    ],
    bands: [{ series: [1, 2], fill: colour('--surplus-fan') }],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? undefined)] },
  };
}

function Canvas(props: { outlook: OutlookWire; label: string; onCursor: (index: number | undefined) => void }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [theme, setTheme] = useState(0);
  const { outlook, onCursor } = props;
  const newest = useRef(outlook);
  newest.current = outlook;

  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setTheme((count) => count + 1);
    scheme.addEventListener('change', changed);
    return () => scheme.removeEventListener('change', changed);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme redraws with the new colours
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const created = new uPlot(
      optionsOf(element.clientWidth, getComputedStyle(document.documentElement), onCursor),
      columnsOf(newest.current),
      element,
    );
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height: CHART_HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
    };
  }, [theme, onCursor]);

  useEffect(() => plot.current?.setData(columnsOf(outlook)), [outlook]);

  return <div className="chart" ref={holder} role="img" aria-label={props.label} style={{ minHeight: CHART_HEIGHT }} />;
}

interface Stretch {
  readonly job: JobWire;
  readonly left: number;
  readonly right: number;
  readonly lane: number;
}

/** Jobs placed at this site within the horizon, in lanes so that none covers another. */
function stretchesOf(outlook: OutlookWire, jobs: readonly JobWire[]): readonly Stretch[] {
  const start = slotStart(outlook, 0);
  const span = outlook.slots.length * outlook.stepMs;
  const laneEnds: number[] = [];
  return jobs
    .filter(({ placement, state }) => placement?.site === outlook.site && !isOver(state))
    .flatMap((job) => {
      const left = (Date.parse(job.placement?.start ?? '') - start) / span;
      const right = (Date.parse(job.placement?.end ?? '') - start) / span;
      return right > 0 && left < 1 ? [{ job, left: Math.max(0, left), right: Math.min(1, right) }] : [];
    })
    .sort((a, b) => a.left - b.left || a.job.id.localeCompare(b.job.id))
    .map((stretch) => {
      const free = laneEnds.findIndex((end) => end <= stretch.left + 1e-9);
      const lane = free >= 0 ? free : laneEnds.length;
      laneEnds[lane] = stretch.right;
      return { ...stretch, lane };
    });
}

function PlacedJobs({ outlook, jobs, onOpen }: { outlook: OutlookWire; jobs: readonly JobWire[]; onOpen: (job: string) => void }) {
  const stretches = stretchesOf(outlook, jobs);
  const shown = stretches.filter(({ lane }) => lane < LANES_MAX);
  const lanes = shown.reduce((most, { lane }) => Math.max(most, lane + 1), 0);
  if (stretches.length === 0) return <p className="quiet strip-empty">No job is placed here within this horizon.</p>;
  return (
    <>
      <div className="strip" style={{ marginLeft: AXIS_LEFT, marginRight: AXIS_RIGHT, height: lanes * 22 }}>
        {shown.map(({ job, left, right, lane }) => (
          <button
            type="button"
            key={job.id}
            className={`stretch ${job.state === 'RUNNING' ? 'stretch-running' : ''}`}
            style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%`, top: lane * 22 }}
            title={`${job.name}, ${job.state.toLowerCase()}, ${formatWindow(job.placement?.start, job.placement?.end)} UTC`}
            onClick={() => onOpen(job.id)}
          >
            {job.name}
          </button>
        ))}
      </div>
      {stretches.length > shown.length && <p className="quiet strip-empty">and {stretches.length - shown.length} more</p>}
    </>
  );
}

function OutlookTable({ outlook }: { outlook: OutlookWire }) {
  return (
    <details className="twin">
      <summary>The same as a table</summary>
      <section className="scroll twin-scroll" aria-label="Outlook by slot">
        <table className="numbers">
          <thead>
            <tr>
              {['Slot (UTC)', 'P10 kW', 'P50 kW', 'P90 kW', `Price ${outlook.currency}/MWh`, 'Carbon g/kWh'].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outlook.slots.map((slot, index) => (
              <tr key={isoAt(outlook, index)}>
                <th scope="row">{formatMoment(isoAt(outlook, index))}</th>
                <td>{formatKw(slot.surplusKw?.p10)}</td>
                <td>{formatKw(slot.surplusKw?.p50)}</td>
                <td>{formatKw(slot.surplusKw?.p90)}</td>
                <td>{formatNumber(slot.importPricePerMwh?.p50, 1)}</td>
                <td>{formatNumber(slot.carbonIntensityGPerKwh?.p50)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

export function OutlookChart({ outlook, jobs, onOpen }: { outlook: OutlookWire; jobs: readonly JobWire[]; onOpen: (job: string) => void }) {
  const [index, setIndex] = useState<number | undefined>();
  const sentence = useMemo(() => outlookSentence(outlook), [outlook]);
  const slot = index === undefined ? undefined : outlook.slots[index];
  return (
    <>
      <p className="sentence" data-testid="outlook-sentence">
        {sentence}
      </p>
      <div className="legend legend-chart">
        <span>
          <i className="key key-line" />
          surplus P50, kW
        </span>
        <span>
          <i className="key key-fan" />
          P10 to P90
        </span>
        <span>
          <i className="key key-dash" />
          import price, {outlook.currency}/MWh (right)
        </span>
        <span className="readout">
          {slot && index !== undefined
            ? `${formatMoment(isoAt(outlook, index))}: ${formatKw(slot.surplusKw?.p10)} · ${formatKw(slot.surplusKw?.p50)} · ${formatKw(slot.surplusKw?.p90)} kW, ${formatNumber(slot.importPricePerMwh?.p50, 1)} ${outlook.currency}/MWh, ${formatNumber(slot.carbonIntensityGPerKwh?.p50)} g/kWh`
            : `issued ${formatMoment(outlook.issuedAt)} by ${outlook.model}`}
        </span>
      </div>
      <Canvas outlook={outlook} label={`Outlook of surplus and price. ${sentence}`} onCursor={setIndex} />
      <PlacedJobs outlook={outlook} jobs={jobs} onOpen={onOpen} />
      <OutlookTable outlook={outlook} />
    </>
  );
}
