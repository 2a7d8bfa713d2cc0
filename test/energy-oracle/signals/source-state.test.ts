/**
 * The life of a source: fresh, late, stale, left out and back. A model of five lines walks beside the panel through 10,000
 * random sequences; nothing that is stale or left out ever moves a value.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPanel, type Panel, type PanelRule } from '../../../energy-oracle/signals/panel.ts';
import { type FreshnessLimits, foundOff, heard, standingOf, unheardSource } from '../../../energy-oracle/signals/source-state.ts';
import { HOUR } from '../../../units/time.ts';

const start = Date.UTC(2026, 0, 1);
const limits: FreshnessLimits = { heartbeatMs: 2 * HOUR, staleMs: 5 * HOUR, leaveOutMs: 3 * HOUR };

describe('a source', () => {
  const once = heard(unheardSource, start, start);
  test.each([
    { name: 'is unheard at first', record: unheardSource, at: start, want: 'unheard' },
    { name: 'is fresh until its heartbeat', record: once, at: start + 2 * HOUR, want: 'fresh' },
    { name: 'is late after it', record: once, at: start + 2 * HOUR + 1, want: 'late' },
    { name: 'is late until it is stale', record: once, at: start + 5 * HOUR, want: 'late' },
    { name: 'is stale after its limit', record: once, at: start + 5 * HOUR + 1, want: 'stale' },
    { name: 'is left out when it was far off', record: foundOff(once, 'why', start, limits), at: start + 3 * HOUR - 1, want: 'left-out' },
    { name: 'may come back after a while', record: foundOff(once, 'why', start, limits), at: start + 3 * HOUR, want: 'late' },
    {
      name: 'is left out for twice as long the second time',
      record: heard(foundOff(foundOff(once, 'why', start, limits), 'why', start + 3 * HOUR, limits), start + 8 * HOUR, start + 8 * HOUR),
      at: start + 9 * HOUR - 1,
      want: 'left-out',
    },
    {
      name: 'is no younger than now, whatever it says',
      record: heard(unheardSource, start + 99 * HOUR, start),
      at: start + 6 * HOUR,
      want: 'stale',
    },
    { name: 'is as old as the newest it said', record: heard(once, start - HOUR, start), at: start + 5 * HOUR, want: 'late' },
  ])('$name', ({ record, at, want }) => expect(standingOf(record, at, limits)).toBe(want));
});

const names = ['a', 'b', 'c', 'd'];
const rule: PanelRule = { ...limits, stepMs: HOUR, tolerated: 1, deviation: { absolute: 10, relative: 0 }, belowQuorum: 'gap' };

/** What the panel must do, said another way: a list of everything that was heard and found, looked through anew each time. */
interface Model {
  now: number;
  readonly heard: Map<string, { issuedAt: number; value: number }>;
  readonly strikes: Map<string, { count: number; until: number }>;
}
type Command = fc.Command<Model, Panel>;
const standing = (model: Model, name: string): string => {
  const last = model.heard.get(name);
  if (!last) return 'unheard';
  if (model.now - last.issuedAt > limits.staleMs) return 'stale';
  if ((model.strikes.get(name)?.until ?? 0) > model.now) return 'left-out';
  return model.now - last.issuedAt > limits.heartbeatMs ? 'late' : 'fresh';
};

const passes = (durationMs: number): Command => ({
  check: () => true,
  run: (model) => {
    model.now += durationMs;
  },
  toString: () => `${durationMs / HOUR} h pass`,
});
const hears = (name: string, value: number, ageMs: number): Command => ({
  check: () => true,
  run: (model, panel) => {
    const issuedAt = model.now - ageMs;
    panel.hear(name, [{ start, end: start + HOUR, value }], issuedAt, model.now);
    const before = model.heard.get(name);
    if (!before || issuedAt >= before.issuedAt) model.heard.set(name, { issuedAt: Math.min(issuedAt, model.now), value });
  },
  toString: () => `${name} says ${value}, ${ageMs / HOUR} h old`,
});
const asks: Command = {
  check: () => true,
  run: (model, panel) => {
    const counting = names.filter((name) => ['fresh', 'late'].includes(standing(model, name)));
    const values = counting.map((name) => model.heard.get(name)?.value as number).sort((x, y) => x - y);
    const half = values.length / 2;
    const middle = ((values[Math.ceil(half - 1)] as number) + (values[Math.floor(half)] as number)) / 2;
    const off = counting.filter((name) => Math.abs((model.heard.get(name)?.value as number) - middle) > 10);
    const agreeing = counting.filter((name) => !off.includes(name));
    const [step] = panel.round({ start, end: start + HOUR }, model.now);
    expect(step?.value === undefined).toBe(agreeing.length < 3);
    if (step?.value !== undefined) expect(step.sources).toEqual(agreeing);
    for (const name of off) {
      const count = (model.strikes.get(name)?.count ?? 0) + 1;
      model.strikes.set(name, { count, until: model.now + limits.leaveOutMs * Math.min(16, 2 ** (count - 1)) });
    }
    if (agreeing.length >= 3) for (const name of agreeing) model.strikes.delete(name);
    expect(panel.report(model.now).map(({ standing: one }) => one)).toEqual(names.map((name) => standing(model, name)));
  },
  toString: () => 'a round',
};

test('a panel moves as its model does through 10,000 sequences: nothing stale or left out counts', () => {
  const command = fc.oneof(
    fc.integer({ min: 1, max: 12 }).map((halfHours) => passes((halfHours * HOUR) / 2)),
    fc
      .tuple(fc.constantFrom(...names), fc.constantFrom(100, 101, 103, 300, -50), fc.constantFrom(0, HOUR, 3 * HOUR, 6 * HOUR, -HOUR))
      .map(([name, value, ageMs]) => hears(name, value, ageMs)),
    fc.constant(asks),
  );
  fc.assert(
    fc.property(fc.commands([command], { maxCommands: 40 }), (commands) =>
      fc.modelRun(
        () => ({ model: { now: start + 12 * HOUR, heard: new Map(), strikes: new Map() }, real: createPanel(names, rule) }),
        commands,
      ),
    ),
    { numRuns: 10_000 },
  );
}, 120_000);
