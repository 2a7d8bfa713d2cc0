/**
 * evcc: rates of a site for evcc's custom tariffs over HTTP.
 */
import type { Clock } from '../../../units/clock.ts';
import type { Site } from '../../site.ts';
import type { SeriesStore } from '../../store/series-store.ts';
import { refuse, route, type ServedApi } from '../route.ts';
import { ratesOf } from './rates.ts';
import * as schema from './schema.ts';

export interface EvccPorts {
  readonly clock: Clock;
  readonly sites: readonly Site[];
  readonly store: Pick<SeriesStore, 'outlook'>;
  readonly mount: string;
}

export const evccApi = ({ clock, sites, store, mount }: EvccPorts): ServedApi => ({
  name: 'evcc rates',
  mount,
  refusalSchema: schema.refusal,
  refusal: ({ status, message }) => ({ status, body: { error: message } }),
  routes: [
    route({
      method: 'get',
      path: '/tariff/{tariff}',
      role: 'read-only',
      summary: 'Rates of a site: import price, feed-in, gCO2eq per kWh, or surplus in watts',
      params: schema.tariffParams,
      query: schema.siteQuery,
      answers: { 200: schema.rates },
      handle: async ({ params: { tariff }, query }) => {
        const now = clock.now();
        const site = sites.find(({ id }) => id === query.site);
        if (!site) return refuse(404, `no site ${query.site}; known: ${sites.map(({ id }) => id).join(', ')}`);
        const outlook = (await store.outlook(site.id, now)) ?? refuse(404, `no outlook of ${site.id} has been issued yet`);
        return {
          status: 200,
          body: { rates: ratesOf(tariff, outlook, site, now) },
          headers: { 'X-Sunward-Provenance': `outlook; id="${outlook.id}"` },
        };
      },
    }),
  ],
});
