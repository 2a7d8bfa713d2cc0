/** Recovery: what is done at the edges of outages, also when a world is resumed in the middle of one. */
import { expect, test } from 'vitest';
import type { Sender } from '../../../energy-oracle/telemetry/sender.ts';
import type { Agent } from '../../../scheduler/agent/agent.ts';
import { createRecovery } from '../../../simulator/plant/recovery.ts';
import { siteFaults } from '../../../simulator/plant/site-faults.ts';
import { demoKey, demoSites } from '../../../simulator/scenario.ts';
import { manualClock } from '../../../units/clock.ts';
import { HOUR, MINUTE } from '../../../units/time.ts';

const site = demoSites(1)[0]?.site ?? expect.fail('no demo sites');

/** One site that is out for an hour, resumed at `begin`; says what was done to its ends. */
function make(kind: 'grid' | 'network', begin: number) {
  const clock = manualClock(begin);
  const did: string[] = [];
  const outages = [{ site: site.id, kind, start: HOUR, end: 2 * HOUR }];
  const faults = siteFaults({
    site,
    mishaps: { outages, meanTimeToFailure: undefined, telemetry: [] },
    clock,
    seed: 1,
    start: 0,
    stepMs: 5 * MINUTE,
    stranger: demoKey(1, 'stranger'),
  });
  const agentAt = (): Agent => ({
    open: async () => void did.push('agent opens'),
    beat: async () => {},
    close: async () => {},
    kill: () => void did.push('agent dies'),
  });
  const sender: Sender = {
    open: async () => void did.push('line opens'),
    send: async () => {},
    spool: async () => {},
    flush: async () => void did.push('spool drains'),
    close: async () => {},
  };
  const agents = [agentAt()];
  const recovery = createRecovery({ faults: [faults], engines: [], senders: [{ site: 0, sender }], agents, agentAt, begin, say: () => {} });
  const meet = async (instant: number) => {
    clock.set(instant);
    await recovery.meet(instant);
    return did.splice(0);
  };
  return { meet, recovery };
}

test('power that goes kills the agent once; power that comes opens another, and then the lines', async () => {
  const { meet, recovery } = make('grid', 0);
  expect([await meet(HOUR - 5 * MINUTE), recovery.isDown(0)]).toEqual([[], false]);
  expect([await meet(HOUR), recovery.isDown(0)]).toEqual([['agent dies'], true]);
  expect(await meet(HOUR + 5 * MINUTE)).toEqual([]);
  expect([await meet(2 * HOUR), recovery.isDown(0)]).toEqual([['agent opens', 'line opens', 'spool drains'], false]);
  expect(await meet(2 * HOUR + 5 * MINUTE)).toEqual([]);
});
test('a world that is resumed without power has an agent when the power is back, and none dies', async () => {
  const { meet, recovery } = make('grid', HOUR + 30 * MINUTE);
  expect(recovery.isDown(0)).toBe(true);
  expect(await meet(HOUR + 35 * MINUTE)).toEqual([]);
  expect(await meet(2 * HOUR)).toEqual(['agent opens', 'line opens', 'spool drains']);
});
test('a network that comes back has its lines opened and drained, even when the world was resumed without it', async () => {
  const { meet, recovery } = make('network', 2 * HOUR - 5 * MINUTE);
  expect(recovery.isDown(0)).toBe(false);
  expect(await meet(2 * HOUR)).toEqual(['line opens', 'spool drains']);
  expect(await meet(2 * HOUR + 5 * MINUTE)).toEqual([]);
});
