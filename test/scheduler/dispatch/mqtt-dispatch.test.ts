import { connectAsync } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../../cli/embedded/broker.ts';
import { signingKey } from '../../../energy-oracle/site.ts';
import type { Lease } from '../../../scheduler/dispatch/lease.ts';
import { createMqttAgentLink, createMqttDispatchLink } from '../../../scheduler/dispatch/mqtt-dispatch.ts';
import { signReport } from '../../../scheduler/dispatch/report.ts';

const key = signingKey(new Uint8Array(32).fill(9));
const report = signReport({ site: 'oak', seq: 1, at: 5, runs: [] }, key);
const lease: Lease = {
  run: 'a#1',
  job: 'a',
  fence: 1,
  site: 'oak',
  model: 'A100',
  accelerators: 1,
  drawKw: 0.4,
  remaining: 1,
  script: 'true',
  envs: {},
  until: 9e12,
};

async function line({ offerMsMax = 300 } = {}) {
  const broker = await startBroker();
  const refused: string[] = [];
  const scheduler = createMqttDispatchLink({
    line: broker,
    keyOf: () => key.publicKey,
    onRefused: (reason) => refused.push(reason),
    offerMsMax,
  });
  const agent = createMqttAgentLink({ line: broker });
  onTestFinished(async () => {
    await scheduler.close();
    await agent.close();
    await broker.stop();
  });
  return { broker, scheduler, agent, refused };
}

describe('dispatch over MQTT', () => {
  test('takes back an offer that was answered too late', async () => {
    const { scheduler, agent } = await line();
    await scheduler.open(async () => undefined);
    const stopped = new Promise<string>((resolve) => {
      void agent.open('oak', {
        onLease: () => new Promise((taken) => setTimeout(taken, 600)),
        onStop: async (run) => resolve(run),
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await expect(scheduler.offer(lease)).rejects.toThrow('no agent took a#1 within 300 ms');
    expect(await stopped).toBe('a#1');
  });

  test('says a report again until a scheduler that was away gives its receipt', async () => {
    const { scheduler, agent } = await line();
    await agent.open('oak', { onLease: async () => {}, onStop: async () => {} });
    const receipt = agent.report(report);
    await new Promise((resolve) => setTimeout(resolve, 200)); // the first one is heard by nobody
    await scheduler.open(async ({ site, seq }) => ({ site, seq, renewals: [], stop: [] }));
    expect(await receipt).toEqual({ site: 'oak', seq: 1, renewals: [], stop: [] });
  }, 10_000);

  test('does not believe a taking from another site, nor a report on another site’s topic', async () => {
    const { broker, scheduler, refused } = await line({ offerMsMax: 800 });
    const heard: unknown[] = [];
    await scheduler.open(async (came) => void heard.push(came));
    const stranger = await connectAsync(broker.url);
    onTestFinished(() => stranger.endAsync(true));
    const offer = scheduler.offer(lease);
    offer.catch(() => undefined);
    await stranger.publishAsync('dispatch/v1/elm/lease-taken', JSON.stringify({ run: 'a#1' }), { qos: 1 });
    await stranger.publishAsync('dispatch/v1/elm/report', JSON.stringify(report), { qos: 1 });
    await stranger.publishAsync('dispatch/v1/oak/lease-taken', '{', { qos: 1 });
    await expect(offer).rejects.toThrow('no agent took');
    expect(heard).toEqual([]);
    expect(refused).toEqual(["elm report: it is oak's", 'oak lease-taken: schema']);
  });

  test('refuses at once an offer while the broker is away, and a lease that no broker would carry', async () => {
    const { broker, scheduler } = await line();
    await scheduler.open(async () => undefined);
    await expect(scheduler.offer({ ...lease, script: '#'.repeat(70_000) })).rejects.toThrow('over 65536 bytes');
    await broker.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(scheduler.offer(lease)).rejects.toThrow('the broker is away');
  });
});
