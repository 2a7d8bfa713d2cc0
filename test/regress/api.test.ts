/** What one request once did to everybody: a date that no calendar holds, a file deeper than the stack, a script that no lease can carry. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, describe, expect, test } from 'vitest';
import { schedulerApi } from '../../scheduler/api.ts';
import { createScheduler } from '../../scheduler/engine.ts';
import { createMemoryLedgerStore } from '../../scheduler/ledger/memory-ledger-store.ts';
import { createMemoryJobStore } from '../../scheduler/queue/memory-job-store.ts';
import { createMemoryChain } from '../../scheduler/settlement/memory-chain.ts';
import { createMemorySettlementStore } from '../../scheduler/settlement/memory-settlement-store.ts';
import { reward, tariff } from '../../scheduler/terms.ts';
import { manualClock } from '../../units/clock.ts';
import { DAY, HOUR, MINUTE } from '../../units/time.ts';
import { noon, siteOf } from '../scheduler/nouns.ts';

const [jobs, ledger, settlements, chain] = [
  createMemoryJobStore(),
  createMemoryLedgerStore(),
  createMemorySettlementStore(),
  createMemoryChain(),
];
const scheduler = createScheduler({
  clock: manualClock(noon),
  fleet: [siteOf('rhine')],
  oracle: { outlook: async () => undefined, facts: async () => [] },
  jobs,
  ledger,
  link: { open: async () => {}, offer: async () => {}, stop: async () => {}, close: async () => {} },
  settlements,
  chain,
  newId: () => 'a',
  tell: () => {},
  config: { currency: 'EUR', leaseMs: MINUTE, bookingDelayMs: HOUR, periodMs: DAY, epoch: noon, tariff, reward },
});
const app = express().use(schedulerApi({ scheduler, jobs, ledger, settlements, domain: chain.domain, defaultOwner: 'ada' }));
const server = app.listen(0);
afterAll(() => void server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/jobs`;
const send = async (body: string) => (await fetch(url, { method: 'POST', body })).status;
const file = (changes: object) => JSON.stringify({ name: 'a', max_duration: '1h', ...changes });

describe('a file is refused, and the list of jobs goes on,', () => {
  test.each([
    { name: 'when its deadline is on no calendar', body: file({ policy: { deadline: '+9999999999d' } }) },
    { name: 'when its deadline is no number of milliseconds', body: file({ policy: { deadline: `+${'9'.repeat(400)}d` } }) },
    { name: 'when it may begin after the end of time', body: file({ policy: { not_before: '+9999999999d', deadline: '+1d' } }) },
    { name: 'when it nests deeper than any stack', body: '- '.repeat(60_000) },
    { name: 'when a short one does', body: '- '.repeat(8_000) },
    { name: 'when it is long and no JSON', body: '&a '.repeat(40_000) },
    { name: 'when its brackets do', body: '{a: '.repeat(30_000) },
    { name: 'when its script fits in no lease', body: file({ run: '"'.repeat(60_000) }) },
  ])('$name', async ({ body }) => {
    expect(await send(body)).toBe(422);
    expect((await fetch(url)).status).toBe(200);
  });
});
