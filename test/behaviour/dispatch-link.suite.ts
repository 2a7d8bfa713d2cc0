/** What every dispatch link promises; run against each of them by `dispatch-link.test.ts`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signingKey } from '../../energy-oracle/site.ts';
import type { AgentLink, DispatchLink } from '../../scheduler/dispatch/dispatch-link.ts';
import type { Lease, Report } from '../../scheduler/dispatch/lease.ts';
import { signReport } from '../../scheduler/dispatch/report.ts';

export interface DispatchCase {
  readonly scheduler: DispatchLink;
  agent(): AgentLink;
  close(): Promise<void>;
}
export type CreateDispatch = (keyOf: (site: string) => string | undefined, onRefused: (reason: string) => void) => Promise<DispatchCase>;

const key = signingKey(new Uint8Array(32).fill(1));
const otherKey = signingKey(new Uint8Array(32).fill(2));
const lease: Lease = {
  run: 'job-1#3',
  job: 'job-1',
  fence: 3,
  site: 'oak',
  model: 'A100',
  accelerators: 8,
  drawKw: 3.2,
  remaining: 3_600_000,
  script: 'echo "☀" && true\n',
  envs: { MODEL: 'bert' },
  until: 1_800_000_000_000,
};
const report = (seq: number): Report =>
  signReport(
    {
      site: 'oak',
      seq,
      at: 1_799_999_000_000,
      runs: [
        { run: 'job-1#3', state: 'running', progress: 12.5, metered: [{ slot: 1_799_998_200_000, energyWh: 800 }], detail: 'é "quoted"' },
        { run: 'job-0#1', state: 'succeeded', progress: 60_000, metered: [], detail: '', endedAt: 1_799_998_300_000 },
      ],
    },
    key,
  );

export function dispatchBehaviour(name: string, create: CreateDispatch): void {
  describe(`a dispatch link (${name})`, () => {
    let made: DispatchCase;
    let refused: string[];
    beforeEach(async () => {
      refused = [];
      const keys: Record<string, string> = { oak: key.publicKey, elm: otherKey.publicKey };
      made = await create(
        (site) => keys[site],
        (reason) => refused.push(reason),
      );
    });
    afterEach(async () => made.close());
    const connect = async (
      site: string,
      onLease: (lease: Lease) => Promise<void> = async () => {},
      onStop = async (_run: string) => {},
    ) => {
      const agent = made.agent();
      await agent.open(site, { onLease, onStop });
      return agent;
    };

    test('brings a lease to its site, whole, and resolves only when it is taken', async () => {
      const order: string[] = [];
      const came: Lease[] = [];
      await made.scheduler.open(async () => undefined);
      await connect('elm', async () => void order.push('wrong site'));
      await connect('oak', async (taken) => {
        came.push(taken);
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push('journalled');
      });
      await made.scheduler.offer(lease);
      order.push('taken');
      expect(came).toEqual([lease]);
      expect(order).toEqual(['journalled', 'taken']);
    });

    test('carries a lease without a script', async () => {
      const came: Lease[] = [];
      await made.scheduler.open(async () => undefined);
      await connect('oak', async (taken) => void came.push(taken));
      await made.scheduler.offer({ ...lease, script: undefined });
      expect(came[0]?.script).toBeUndefined();
    });

    test('rejects an offer with the reason of the agent that refused it', async () => {
      await made.scheduler.open(async () => undefined);
      await connect('oak', async () => Promise.reject(new Error('fence 3 is stale')));
      await expect(made.scheduler.offer(lease)).rejects.toThrow(/oak: .*fence 3 is stale/);
    });

    test('rejects an offer when no agent is there', async () => {
      await made.scheduler.open(async () => undefined);
      await expect(made.scheduler.offer(lease)).rejects.toMatchObject({ name: 'DispatchFault', site: 'oak' });
    }, 10_000);

    test('brings a report to the scheduler, whole, and its receipt back', async () => {
      const came: Report[] = [];
      const renewals = [{ run: 'job-1#3', until: 1_800_000_900_000 }];
      await made.scheduler.open(async (told) => {
        came.push(told);
        return { site: told.site, seq: told.seq, renewals, stop: ['job-0#1'] };
      });
      const agent = await connect('oak');
      expect(await agent.report(report(7))).toEqual({ site: 'oak', seq: 7, renewals, stop: ['job-0#1'] });
      expect(came).toEqual([report(7)]);
    });

    test.each([
      { what: 'whose text was changed', bad: { ...report(1), at: 1 }, reason: 'signature' },
      { what: 'signed by another site', bad: signReport({ ...report(1), runs: [] }, otherKey), reason: 'signature' },
      { what: 'of a site that is not enrolled', bad: signReport({ ...report(1), site: 'ash' }, key), reason: 'unknown-site' },
      { what: 'with half a watt-hour', bad: withEnergy(0.5), reason: 'schema' },
      { what: 'with negative energy', bad: withEnergy(-1), reason: 'schema' },
    ])(
      'gives no receipt to a report $what, and says why',
      async ({ bad, reason }) => {
        const came: Report[] = [];
        await made.scheduler.open(async (told) => {
          came.push(told);
          return { site: told.site, seq: told.seq, renewals: [], stop: [] };
        });
        const agent = await connect('oak');
        const answered = agent.report(bad).then(
          () => 'receipt',
          () => 'fault',
        );
        for (const end = Date.now() + 3_000; refused.length === 0 && Date.now() < end; )
          await new Promise((resolve) => setTimeout(resolve, 10));
        expect(refused.join()).toContain(reason);
        expect(await Promise.race([answered, new Promise((resolve) => setTimeout(() => resolve('nothing yet'), 100))])).not.toBe('receipt');
        expect(came).toEqual([]);
        await agent.report(report(2)); // the line goes on
        expect(came).toEqual([report(2)]);
      },
      10_000,
    );

    test('tells the agent to stop a run', async () => {
      await made.scheduler.open(async () => undefined);
      const stopped = new Promise<string>(
        (resolve) => void connect('oak', undefined, async (run) => resolve(run)).then(() => made.scheduler.stop('oak', 'job-1#3')),
      );
      expect(await stopped).toBe('job-1#3');
    });
  });
}

function withEnergy(energyWh: number): Report {
  const [run] = report(1).runs;
  return run ? signReport({ ...report(1), runs: [{ ...run, metered: [{ slot: 0, energyWh }] }] }, key) : report(1);
}
