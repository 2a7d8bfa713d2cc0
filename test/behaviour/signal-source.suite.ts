/**
 * What every signal source does, whoever it asks. Run by `signal-source.test.ts` against the reference and every adapter.
 *
 * `open` gives a source that asks a server in one of three moods, and the question to put to it.
 */
import { describe, expect, test } from 'vitest';
import { SignalFault, type SignalQuestion, type SignalSource, signalsOf } from '../../energy-oracle/signals/signal-source.ts';

export type Mood = 'answers' | 'babbles' | 'is away';
export interface OpenedSource {
  readonly source: SignalSource;
  readonly question: SignalQuestion;
  /** The instant of the asker's clock. */
  readonly now: number;
}
/** Stands where a key would; must be seen nowhere. */
export const secret = 's3cret-k3y';

export function signalSourceSuite(open: (mood: Mood) => Promise<OpenedSource>): void {
  describe('an answer', () => {
    test('tells steps of what was asked, in order and apart, in one of our units, with the unit it was found in', async () => {
      const { source, question } = await open('answers');
      const answer = await source.ask(question);
      if (answer.kind === 'unreadable') return expect.fail(answer.detail);
      expect(answer.series.length).toBeGreaterThan(0);
      for (const { signal, unit, unitFound, steps } of answer.series) {
        expect(signalsOf(question.topic)).toContain(signal);
        expect(unit).toMatch(/^([A-Z]{3}\/MWh|gCO2eq\/kWh|MW)$/);
        expect(unitFound).not.toBe('');
        expect(steps.length).toBeGreaterThan(0);
        for (const [i, { start, end, value }] of steps.entries()) {
          expect(Number.isFinite(value)).toBe(true);
          expect(end).toBeGreaterThan(start);
          expect(start < question.interval.end && end > question.interval.start).toBe(true);
          if (i > 0) expect(start).toBeGreaterThanOrEqual(steps[i - 1]?.end as number);
        }
      }
    });

    test('says by whom it is, when it was fetched, and keeps the raw answer without the key', async () => {
      const { source, question, now } = await open('answers');
      const answer = await source.ask(question);
      expect(answer.source).toBe(source.name);
      expect(answer.evidence.length).toBeGreaterThan(0);
      expect(answer.kind === 'answer' && answer.fetchedAt).toBe(now);
      expect(JSON.stringify(answer.evidence.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]))).not.toContain(secret);
    });
  });

  test('what it cannot read it gives back whole with the reason', async () => {
    const { source, question } = await open('babbles');
    const answer = await source.ask(question);
    expect(answer).toMatchObject({ kind: 'unreadable', source: source.name, reason: expect.stringMatching(/^(not-json|not-xml|schema)$/) });
    expect(answer.evidence.map(({ payload }) => Buffer.from(payload).toString())).toContain('<p>babble');
  });

  test('a service that is away is a fault with its name, and without the key', async () => {
    const { source, question } = await open('is away');
    const fault = await source.ask(question).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(fault).toBeInstanceOf(SignalFault);
    expect(`${(fault as Error).message} ${(fault as Error).stack} ${String((fault as Error).cause)}`).not.toContain(secret);
  });
}
