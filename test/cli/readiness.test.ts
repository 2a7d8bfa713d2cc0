/** What readiness names when something is missing. */
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Broker, startBroker } from '../../cli/embedded/broker.ts';
import { createReadiness, type ReadinessPorts } from '../../cli/readiness.ts';
import { manualClock } from '../../units/clock.ts';
import { HOUR, MINUTE } from '../../units/time.ts';
import { noon, outlookOf, slotOutlook } from '../scheduler/nouns.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());

const issued = (at: number | undefined): ReadinessPorts['view'] => ({
  outlook: async (site) => (at === undefined ? undefined : { ...outlookOf(site, () => slotOutlook(1, 1, 1)), issuedAt: at }),
});
const missing = (ports: Partial<ReadinessPorts>) =>
  createReadiness({
    clock: manualClock(noon),
    sites: [{ id: 'rhine' }],
    view: issued(noon - HOUR),
    line: { url: broker.url },
    folder: tmpdir(),
    engines: async () => [],
    ...ports,
  })();

describe('readiness', () => {
  test('names nothing when nothing is missing', async () => expect(await missing({})).toEqual([]));
  test.each<[string, () => Partial<ReadinessPorts>, string[]]>([
    ['an engine', () => ({ engines: async () => ['database', 'chain'] }), ['database', 'chain']],
    ['engines that cannot be asked', () => ({ engines: () => Promise.reject(new Error('away')) }), ['engines']],
    ['a broker that is not there', () => ({ line: { url: 'mqtt://127.0.0.1:9' } }), ['broker']],
    ['an outlook that was never issued', () => ({ view: issued(undefined) }), ['outlook of rhine: none was issued']],
    ['an outlook that is old', () => ({ view: issued(noon - 3 * HOUR - MINUTE) }), ['outlook of rhine: 181 min old']],
    ['a disk that is not there', () => ({ folder: '/none/such' }), ['disk']],
  ])('names %s', async (_, ports, want) => expect(await missing(ports())).toEqual(want));
  test('names five sites, and how many more there are', async () => {
    const sites = Array.from({ length: 9 }, (_, i) => ({ id: `s${i}` }));
    const named = await missing({ sites, view: issued(undefined) });
    expect(named).toHaveLength(6);
    expect(named.at(-1)).toBe('outlooks of 4 more sites');
  });
});
