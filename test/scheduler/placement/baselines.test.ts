/**
 * The baselines: one drawn example a rule, the limits that all of them keep, and two of them against slow twins.
 *
 * A drawing is a request's pool and, slot by slot, the accelerators it holds there: `1 .22.` is pool 1, slots 1 and 2.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Baseline, baselineNames, planBy } from '../../../scheduler/placement/baselines.ts';
import { type Assignment, type Market, requestKinds } from '../../../scheduler/placement/market.ts';
import { arbitraryMarket, type MarketSketch, marketOf, type RequestSketch } from './markets.ts';

const at = (column: ArrayLike<number>, row: number): number => column[row] as number;
const optionsOf = ({ requests: { firstOption } }: Market, request: number): number[] =>
  Array.from({ length: at(firstOption, request + 1) - at(firstOption, request) }, (_, i) => at(firstOption, request) + i);
const requestsOf = ({ requests: { count } }: Market): number[] => [...Array(count).keys()];
/** The option each request has at a pool of its own, −1 where it has none there. */
const homesOf = (market: Market, poolOf: (request: number) => number) =>
  Int32Array.from(requestsOf(market), (request) => {
    const home = optionsOf(market, request).find((option) => at(market.requests.options.pool, option) === poolOf(request));
    return home ?? -1;
  });

/** The same market; what stands in its closed slots is no number. */
const withGaps = ({ offers, requests }: Market): Market => {
  const gaps = (signal: Float64Array) => signal.map((value, cell) => (offers.known[cell] ? value : Number.NaN));
  return { offers: { ...offers, importPrice: gaps(offers.importPrice), carbonIntensity: gaps(offers.carbonIntensity) }, requests };
};

/** Accelerators that a request holds, slot by slot of the horizon. */
function heldBy({ offers, requests }: Market, { option, start, pattern }: Assignment, request: number): number[] {
  const held = new Array<number>(offers.slots).fill(0);
  const row = at(option, request);
  if (row < 0) return held;
  const shape = pattern[request] ?? new Array<number>(at(requests.options.length, row)).fill(at(requests.options.accelerators, row));
  shape.forEach((count, i) => {
    held[at(start, request) + i] = count;
  });
  return held;
}

function drawn(baseline: Baseline, sketch: MarketSketch, homePool = 0): string[] {
  const market = withGaps(marketOf(sketch));
  const plan = planBy(
    baseline,
    market,
    homesOf(market, () => homePool),
  );
  return requestsOf(market).map((request) => {
    const row = at(plan.option, request);
    if (row < 0) return 'left out';
    const held = heldBy(market, plan, request).map((count) => count || '.');
    return `${at(market.requests.options.pool, row)} ${held.join('')}`;
  });
}

/** One home of one accelerator, with these intensities. */
const atHome = (carbonIntensity: readonly (number | undefined)[], ...requests: RequestSketch[]): MarketSketch => ({
  slots: carbonIntensity.length,
  sites: [{ carbonIntensity }],
  requests,
});
const pausing = { kind: 'interruptible' } as const;

describe('run-now', () => {
  const sites = [{}, { carbonIntensity: 0, importPrice: 0 }];
  const two: RequestSketch = { length: 2 };
  test.each([
    { name: 'starts at release at home', requests: [{ earliest: 1 }], want: ['0 .1..'] },
    { name: 'waits for room at home', requests: [two, two], want: ['0 11..', '0 ..11'] },
    { name: 'leaves home when there is no room before its end', requests: [two, { ...two, end: 3 }], want: ['0 11..', '1 11..'] },
    {
      name: 'is left out when there is none anywhere',
      requests: [two, two, two, two, two],
      want: ['0 11..', '0 ..11', '1 11..', '1 ..11', 'left out'],
    },
    { name: 'comes in order of release, not of rows', requests: [{ earliest: 1 }, two], want: ['0 ..1.', '0 11..'] },
    { name: 'asks no budget', requests: [{ budget: 0 }], want: ['0 1...'] },
  ])('$name', ({ requests, want }) => expect(drawn('run-now', { slots: 4, sites, requests })).toEqual(want));

  test('passes over unknown slots', () => expect(drawn('run-now', atHome([1, undefined, 1, 1], two))).toEqual(['0 ..11']));
});

describe('cheapest-now', () => {
  const pools = [{ capacity: 2 }];
  const sites = [
    { pools, importPrice: [50, 50, 0, 0] }, // two slots of two accelerators, 1 kWh each slot: 0.10 now; later it were free
    { pools: [{ capacity: 2, ask: 0.025 }], importPrice: 20 }, // 0.04, and 0.10 for four accelerator-hours: 0.14
    { pools, importPrice: 10, carbonIntensity: 900 }, // 0.02, and 0.10 for the data: 0.12
  ];
  const options = [{ pool: 0 }, { pool: 1 }, { pool: 2, transferCost: 0.1 }];
  const request = { length: 2, accelerators: 2, kwPerAccelerator: 0.5, options };
  test('takes the least of energy, ask and transfer at a start now, and the earliest start when nobody has room now', () =>
    expect(drawn('cheapest-now', { slots: 4, sites, requests: Array(5).fill(request) })).toEqual([
      '0 22..', // 0.10
      '2 22..', // 0.12
      '1 22..', // 0.14
      '0 ..22', // 0, of three that start in slot 2
      '2 ..22',
    ]));
});

describe('greenest-now', () => {
  const sites = [
    { carbonIntensity: [300, 500, 0, 0] }, // 2 kW: 1,600 g now; later it were none
    { carbonIntensity: [400, 200, 900, 900] }, // 1,200 g, with 500 g for the data 1,700 g
    { carbonIntensity: [600, 100, 300, 0], importPrice: 900 }, // 1,400 g
  ];
  const request = { length: 2, kwPerAccelerator: 2, options: [{ pool: 0 }, { pool: 1, transferG: 500 }, { pool: 2 }] };
  test('takes the least carbon of energy and transfer at a start now', () =>
    expect(drawn('greenest-now', { slots: 4, sites, requests: [request, request, request] })).toEqual(['2 11..', '0 11..', '1 11..']));
});

describe('a rule that chooses the site', () => {
  test('waits for the data on their way, as any start at that site must', () =>
    expect(
      drawn('cheapest-now', {
        slots: 3,
        sites: [{ importPrice: 50 }, { importPrice: 10 }],
        requests: [{ options: [{ pool: 0 }, { pool: 1, earliest: 1 }] }],
      }),
    ).toEqual(['1 .1.']));
  test.each(['cheapest-now', 'greenest-now', 'follow-the-sun'] as const)('stays at home on a tie: %s', (baseline) => {
    const sketch: MarketSketch = { slots: 2, sites: [{}, {}, {}], requests: [{}, {}, {}] };
    expect(drawn(baseline, sketch, 1)).toEqual(['1 1.', '0 1.', '2 1.']);
  });
});

describe('follow-the-sun', () => {
  const sites = [
    {}, // home, without sun
    { exportableKw: [5, 0, 9, 9], pools: [{ capacity: 2 }] }, // 2.5 kW on average over two slots
    { curtailedKw: [1, 3, 0, 0], exportableKw: [2, 0, 0, 0], pools: [{ capacity: 2 }] }, // 3 kW; 1 kW once a request draws 2 kW
  ];
  test('takes the most surplus over the run that nobody draws, at a start now', () =>
    expect(drawn('follow-the-sun', { slots: 4, sites, requests: Array(4).fill({ length: 2, kwPerAccelerator: 2 }) })).toEqual([
      '2 11..', // 3 over 2.5 over 0
      '1 11..', // 2.5 over 1; leaves 3 and 0 (never less): 1.5
      '1 11..', // 1.5 over 1
      '2 11..', // pool 1 is full: 1 over 0
    ]));

  test('compares runs of different length by their kW on average', () => {
    const sunny = [{ exportableKw: 3 }, { exportableKw: 2 }];
    const request = { options: [{ pool: 0 }, { pool: 1, length: 2 }] };
    expect(drawn('follow-the-sun', { slots: 2, sites: sunny, requests: [request] })).toEqual(['0 1.']); // 3 kWh, and 4 at the other
  });
});

describe('threshold', () => {
  // 400 is the fourth of eleven: three tenths of the way up
  const hours = [900, 500, 400, 100, 200, 300, 600, 700, 800, 1_000, 1_100];
  test.each([
    {
      name: 'starts in the first slot that is not above the quantile, not in the least',
      intensity: hours,
      request: {},
      want: '0 ..1........',
    },
    { name: 'starts at the latest when no slot of its window is that low', intensity: hours, request: { end: 2 }, want: '0 .1.........' },
    { name: 'looks at the start alone', intensity: hours, request: { length: 5 }, want: '0 ..11111....' },
    { name: 'leaves unknown slots out of the quantile', intensity: [200, 100, undefined, 300], request: {}, want: '0 .1..' },
  ])('$name', ({ intensity, request, want }) => expect(drawn('threshold', atHome(intensity, request))).toEqual([want]));
});

describe('a rule that chooses the start', () => {
  const two = { length: 2 };
  test.each([
    { rule: 'lowest-slot', does: 'looks at the start alone', intensity: [5, 1, 9, 2, 2], want: '0 .11..' },
    { rule: 'lowest-slot', does: 'sees no slot that is no start, and is early on a tie', intensity: [5, 3, 3, 3, 1], want: '0 .11..' },
    { rule: 'lowest-window', does: 'looks at the whole run', intensity: [5, 1, 9, 2, 2], want: '0 ...11' }, // 6 10 11 4
    { rule: 'lowest-window', does: 'never spans an unknown slot', intensity: [5, 4, 0, undefined, 3, 3], want: '0 .11...' }, // 9 4 – – 6
    { rule: 'carbon-time', does: 'weighs what is saved by when it ends', intensity: [10, 6, 2, 2, 1], want: '0 ..11.' }, // 8/3 12/4 13/5
    { rule: 'carbon-time', does: 'starts at once when nothing is saved', intensity: [3, 4, 5, 6, 7], want: '0 11...' },
  ] as const)('$rule $does', ({ rule, intensity, want }) => expect(drawn(rule, atHome(intensity, two))).toEqual([want]));

  test('counts the slots of carbon-time from release, not from the first it may use', () => {
    const sketch = atHome([0, 10, 6, 4], { release: 0, earliest: 1 }); // 4/3 and 6/4; counted from slot 1, 4/2 and 6/3 would tie
    expect(drawn('carbon-time', sketch)).toEqual(['0 ...1']);
  });

  test('is at home where a run could start earliest, when it has none or no room there', () => {
    const sites = [{ pools: [{ capacity: [0, 1, 1] }] }, { carbonIntensity: [9, 5, 1] }, { pools: [{ capacity: 0 }] }];
    for (const home of [2, 7]) expect(drawn('lowest-slot', { slots: 3, sites, requests: [{}] }, home)).toEqual(['1 ..1']);
  });

  test('runs interruptible requests unbroken, and elastic ones with all their accelerators', () => {
    expect(drawn('lowest-window', atHome([5, 1, 9, 2, 2], { ...pausing, length: 2 }))).toEqual(['0 ...11']);
    const elastic = { kind: 'elastic', length: 5, accelerators: 4, speedExponent: 0.5 } as const; // speed 2: three slots
    const sites = [{ carbonIntensity: [5, 1, 1, 1, 5], pools: [{ capacity: 4 }] }];
    expect(drawn('lowest-window', { slots: 5, sites, requests: [elastic] })).toEqual(['0 .444.']);
  });
});

describe('wait-awhile', () => {
  test.each([
    { name: 'takes the least slots', intensity: [5, 1, 9, 2, 2], requests: [{ ...pausing, length: 2 }], want: ['0 .1.1.'] },
    {
      name: 'leaves what is taken',
      intensity: [5, 1, 9, 2, 2],
      requests: Array(2).fill({ ...pausing, length: 2 }),
      want: ['0 .1.1.', '0 1...1'],
    },
    { name: 'leaves what is unknown', intensity: [5, undefined, 9, 2], requests: [{ ...pausing, length: 3 }], want: ['0 1.11'] },
    { name: 'keeps its window', intensity: [1, 5, 9, 7, 1], requests: [{ ...pausing, length: 2, earliest: 1, end: 4 }], want: ['0 .1.1.'] },
    { name: 'is lowest-window for what may not pause', intensity: [5, 1, 9, 2, 2], requests: [{ length: 2 }], want: ['0 ...11'] },
  ])('$name', ({ intensity, requests, want }) => expect(drawn('wait-awhile', atHome(intensity, ...requests))).toEqual(want));
});

describe('ecovisor', () => {
  const intensity = [9, 1, 9, 9, 1, 1]; // mean 5
  test.each([
    { name: 'pauses above the mean', request: { ...pausing, length: 3 }, want: '0 .1..11' },
    { name: 'pauses no more once its slack is used up', request: { ...pausing, length: 3, end: 5 }, want: '0 .1.11.' },
    { name: 'never pauses without slack', request: { ...pausing, length: 3, end: 3 }, want: '0 111...' },
    { name: 'starts what may not pause once the mean is not exceeded', request: { length: 2 }, want: '0 .11...' },
  ])('$name', ({ request, want }) => expect(drawn('ecovisor', atHome(intensity, request))).toEqual([want]));

  test('leaves unknown slots out of the mean', () =>
    expect(drawn('ecovisor', atHome([6, 4, undefined, undefined, 2], {}))).toEqual(['0 .1...']));

  test('counts closed slots out of its slack', () =>
    expect(drawn('ecovisor', atHome([9, 9, undefined, 1, 1], { ...pausing, length: 3 }))).toEqual(['0 .1.11']));
});

describe('every baseline', () => {
  test.each(baselineNames)('%s starts at release when every slot is alike', (baseline) => {
    const alike = Array<number>(10).fill(0.1); // ten tenths do not add up to one
    const requests = [{ length: 4 }, { ...pausing, length: 4, earliest: 5 }];
    expect(drawn(baseline, atHome(alike, ...requests))).toEqual(['0 1111......', '0 .....1111.']);
  });

  const anyMarket = arbitraryMarket({ kinds: ['contiguous', 'interruptible', 'elastic'], slotsMax: 14, requestsMax: 12 }).map(withGaps);
  test.each(baselineNames)(
    '%s keeps capacity, windows and known slots, does the work, and leaves out only what has no room',
    (baseline) => {
      const seen = { placed: 0, leftOut: 0 };
      fc.assert(
        fc.property(anyMarket, (market) => {
          const home = homesOf(market, (request) => request % market.offers.poolCount);
          const plan = planBy(baseline, market, home);
          expect(faultsOf(market, plan)).toEqual([]);
          for (const row of plan.option) seen[row < 0 ? 'leftOut' : 'placed']++;
        }),
        { numRuns: 300 },
      );
      expect(Math.min(seen.placed, seen.leftOut)).toBeGreaterThan(100);
    },
  );
});

describe('lowest-window', () => {
  test('emits no more than run-now where there is room for all', () => {
    let less = 0;
    fc.assert(
      fc.property(arbitraryMarket({ kinds: ['contiguous', 'interruptible', 'elastic'] }).map(withGaps), (tight) => {
        const market: Market = { ...tight, offers: { ...tight.offers, capacity: tight.offers.capacity.map(() => 1_000) } };
        const home = homesOf(market, (request) => request % market.offers.poolCount);
        const [now, lowest] = (['run-now', 'lowest-window'] as const).map((baseline) => planBy(baseline, market, home)) as [
          Assignment,
          Assignment,
        ];
        expect(lowest.option).toEqual(now.option);
        for (const request of requestsOf(market)) {
          const [before, after] = [gridIntensity(market, now, request), gridIntensity(market, lowest, request)];
          expect(after).toBeLessThanOrEqual(before);
          if (after < before) less++;
        }
      }),
      { numRuns: 300 },
    );
    expect(less).toBeGreaterThan(100);
  });
});

describe('a slow twin', () => {
  test.each(['lowest-window', 'wait-awhile'] as const)('plans as %s does', (baseline) => {
    let placed = 0;
    fc.assert(
      fc.property(arbitraryMarket({ kinds: ['contiguous', 'interruptible'], slotsMax: 14, requestsMax: 12 }).map(withGaps), (market) => {
        const home = homesOf(market, (request) => request % market.offers.poolCount);
        const plan = planBy(baseline, market, home);
        const drawing = requestsOf(market).map((request) => ({ option: at(plan.option, request), held: heldBy(market, plan, request) }));
        expect(drawing).toEqual(slowly(market, home, baseline === 'wait-awhile'));
        placed += plan.option.filter((row) => row >= 0).length;
      }),
      { numRuns: 500 },
    );
    expect(placed).toBeGreaterThan(500);
  });
});

/** Sum over the slots it holds of intensity × accelerators. */
const gridIntensity = (market: Market, plan: Assignment, request: number): number =>
  heldBy(market, plan, request).reduce(
    (sum, count, slot) => sum + (count && count * at(market.offers.carbonIntensity, siteRow(market, at(plan.option, request)) + slot)),
    0,
  );

/** First cell of an option's site, and of its pool. */
const siteRow = ({ offers, requests }: Market, option: number) => at(offers.poolSite, at(requests.options.pool, option)) * offers.slots;
const poolRow = ({ offers, requests }: Market, option: number) => at(requests.options.pool, option) * offers.slots;

/** Work done in a slot with all the accelerators of an option. */
const speedOf = ({ requests }: Market, request: number, row: number) =>
  requests.kind[request] === requestKinds.elastic ? at(requests.options.accelerators, row) ** at(requests.options.speedExponent, row) : 1;

/** What an assignment breaks, in words. */
function faultsOf(market: Market, plan: Assignment): string[] {
  const { offers, requests } = market;
  const { options } = requests;
  const free = [...offers.capacity];
  const faults: string[] = [];
  for (const request of requestsOf(market)) {
    const row = at(plan.option, request);
    if (row < 0) continue;
    if (!optionsOf(market, request).includes(row)) faults.push(`${request} has no option ${row}`);
    const [most, length, shape] = [at(options.accelerators, row), at(options.length, row), plan.pattern[request]];
    if (shape && !(at(shape, 0) > 0 && at(shape, shape.length - 1) > 0)) faults.push(`${request} has a pattern with loose ends`);
    if (shape && requests.kind[request] === requestKinds.contiguous) faults.push(`${request} has a pattern`);
    let work = 0;
    heldBy(market, plan, request).forEach((held, slot) => {
      if (held === 0) return;
      if (held !== most) faults.push(`${request} holds ${held} of ${most}`);
      if (slot < at(options.earliest, row) || slot >= at(options.end, row)) faults.push(`${request} is out of its window`);
      if (at(offers.known, siteRow(market, row) + slot) === 0) faults.push(`${request} runs in a closed slot`);
      free[poolRow(market, row) + slot] = at(free, poolRow(market, row) + slot) - held;
      work += speedOf(market, request, row);
    });
    if (work < length - 1e-9 || work >= length + speedOf(market, request, row)) faults.push(`${request} does ${work} of ${length}`);
  }
  if (free.some((count) => count < 0)) faults.push('a pool is overdrawn');
  for (const request of requestsOf(market).filter((request) => at(plan.option, request) < 0))
    for (const row of optionsOf(market, request)) {
      const needed = Math.ceil(at(options.length, row) / speedOf(market, request, row));
      const isOpen = (slot: number) =>
        at(offers.known, siteRow(market, row) + slot) === 1 && at(free, poolRow(market, row) + slot) >= at(options.accelerators, row);
      for (let start = at(options.earliest, row); start + needed <= at(options.end, row); start++)
        if (Array.from({ length: needed }, (_, i) => start + i).every(isOpen)) faults.push(`${request} would fit at ${row} in ${start}`);
    }
  return faults;
}

/** Lowest-window, or wait-awhile where a request may pause: every request tries every set of slots it could hold at its home. */
function slowly(market: Market, home: Int32Array, mayPause: boolean): { option: number; held: number[] }[] {
  const { offers, requests } = market;
  const { options } = requests;
  const free = [...offers.capacity];
  const plan = requestsOf(market).map(() => ({ option: -1, held: new Array<number>(offers.slots).fill(0) }));
  const order = requestsOf(market).sort((a, b) => at(requests.release, a) - at(requests.release, b) || a - b);
  for (const request of order) {
    const pauses = mayPause && requests.kind[request] === requestKinds.interruptible;
    const runsAt = (row: number): number[][] => {
      const open = [...Array(offers.slots).keys()].filter(
        (slot) =>
          slot >= at(options.earliest, row) &&
          slot < at(options.end, row) &&
          at(offers.known, siteRow(market, row) + slot) === 1 &&
          at(free, poolRow(market, row) + slot) >= at(options.accelerators, row),
      );
      const length = at(options.length, row);
      if (pauses) return subsets(open, length);
      const runs = open.map((start) => Array.from({ length }, (_, i) => start + i));
      return runs.filter((run) => run.every((slot) => open.includes(slot)));
    };
    const atHome = at(home, request);
    const rows = optionsOf(market, request).filter((row) => runsAt(row).length > 0);
    const firstAt = (row: number) => Math.min(...runsAt(row).flat());
    const row = rows.includes(atHome) ? atHome : rows.sort((a, b) => firstAt(a) - firstAt(b) || a - b)[0];
    if (row === undefined) continue;
    const carbon = (run: number[]) => run.reduce((sum, slot) => sum + at(offers.carbonIntensity, siteRow(market, row) + slot), 0);
    const best = runsAt(row).reduce((least, run) => (carbon(run) < carbon(least) ? run : least));
    const entry = plan[request] as { option: number; held: number[] };
    entry.option = row;
    for (const slot of best) {
      entry.held[slot] = at(options.accelerators, row);
      free[poolRow(market, row) + slot] = at(free, poolRow(market, row) + slot) - at(options.accelerators, row);
    }
  }
  return plan;
}

/** All ways to take `size` of the slots, the earliest ones first. */
function subsets(slots: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return slots.flatMap((slot, i) => subsets(slots.slice(i + 1), size - 1).map((rest) => [slot, ...rest]));
}
