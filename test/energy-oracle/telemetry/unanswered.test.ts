import { describe, expect, test } from 'vitest';
import type { Quarantined } from '../../../energy-oracle/store/series-store.ts';
import { createUnanswered } from '../../../energy-oracle/telemetry/unanswered.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const refused = (count: number, bytes = 10): Quarantined[] =>
  Array.from({ length: count }, (_, i) => ({
    evidence: { topic: `t/${i}`, payload: new Uint8Array(bytes), receivedAt: i },
    reason: 'bad-signature',
    detail: '',
  }));

/** With a second that ends when told, and commits that do. */
function make() {
  const commits: number[] = [];
  let elapse = () => {};
  let finish: (stored: boolean) => void = () => {};
  const unanswered = createUnanswered({
    wait: () =>
      new Promise<void>((resolve) => {
        elapse = resolve;
      }),
    commit: (messages) => {
      commits.push(messages.length);
      return new Promise<boolean>((resolve) => {
        finish = resolve;
      });
    },
  });
  const isDone = async (promise: Promise<void>) => {
    let done = false;
    void promise.then(() => {
      done = true;
    });
    await turn();
    return done;
  };
  return { unanswered, commits, isDone, elapse: () => elapse(), finish: (stored = true) => finish(stored) };
}

describe('what nobody gets an answer for', () => {
  test('of one second is stored at once, at its end', async () => {
    const { unanswered, commits, elapse } = make();
    for (let i = 0; i < 100; i++) await unanswered.add(refused(3));
    await turn();
    expect(commits).toEqual([]);
    elapse();
    await turn();
    expect(commits).toEqual([300]);
  });

  test.each([
    { name: 'many', messages: refused(500) },
    { name: 'big', messages: refused(60, 70_000) },
  ])('is stored before when it is $name, and nobody waits for it', async ({ messages }) => {
    const { unanswered, commits } = make();
    await unanswered.add(messages);
    await turn();
    expect(commits).toEqual([messages.length]);
  });

  test('makes whoever brings twice as much wait for the store', async () => {
    const { unanswered, commits, isDone, finish } = make();
    await unanswered.add(refused(500));
    await turn();
    const adding = unanswered.add(refused(1_000));
    expect(await isDone(adding)).toBe(false);
    finish();
    await turn();
    finish();
    expect(await isDone(adding)).toBe(true);
    expect(commits).toEqual([500, 1_000]);
  });

  test('is all stored when a flush ends, and what the store gave up is let go', async () => {
    const { unanswered, commits, isDone, finish } = make();
    expect(await isDone(unanswered.flush())).toBe(true);
    await unanswered.add(refused(2));
    const flushing = unanswered.flush();
    expect([await isDone(flushing), unanswered.isEmpty()]).toEqual([false, false]);
    finish(false);
    expect([await isDone(flushing), unanswered.isEmpty(), commits]).toEqual([true, true, [2]]);
  });
});
