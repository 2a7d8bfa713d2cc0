/**
 * One good question for every route of the served APIs at their own mounts, for the small oracle of `served-world.ts`.
 */

const day = '2026-06-21';
/** `at` is the path as the document has it; asked without a key, of a server that asks for none. */
export const asked: readonly { at: string; url: string; body?: unknown; status?: number }[] = [
  { at: '/electricity-maps/v3/zones', url: '/electricity-maps/v3/zones' },
  { at: '/electricity-maps/v3/health', url: '/electricity-maps/v3/health' },
  { at: '/electricity-maps/v3/carbon-intensity/latest', url: '/electricity-maps/v3/carbon-intensity/latest?zone=DE' },
  {
    at: '/electricity-maps/v3/carbon-intensity/history',
    url: '/electricity-maps/v3/carbon-intensity/history?zone=GB&temporalGranularity=5_minutes',
  },
  {
    at: '/electricity-maps/v3/carbon-intensity/forecast',
    url: '/electricity-maps/v3/carbon-intensity/forecast?lat=52&lon=13&horizonHours=72',
  },
  { at: '/electricity-maps/v3/carbon-intensity/past', url: `/electricity-maps/v3/carbon-intensity/past?zone=DE&datetime=${day}T03:10:00Z` },
  {
    at: '/electricity-maps/v3/carbon-intensity/past-range',
    url: `/electricity-maps/v3/carbon-intensity/past-range?zone=DE&start=2026-06-11T12:00Z&end=${day}T12:00Z`,
  },
  { at: '/electricity-maps/v3/power-breakdown/latest', url: '/electricity-maps/v3/power-breakdown/latest?countryCode=GB' },
  { at: '/electricity-maps/v3/power-breakdown/history', url: '/electricity-maps/v3/power-breakdown/history?zone=GB' },
  {
    at: '/electricity-maps/v3/power-breakdown/past-range',
    url: `/electricity-maps/v3/power-breakdown/past-range?zone=GB&start=2026-06-20&end=${day}`,
  },
  { at: '/electricity-maps/v3/power-breakdown/forecast', url: '/electricity-maps/v3/power-breakdown/forecast?zone=GB', status: 404 },
  { at: '/watttime/v3/region-from-loc', url: '/watttime/v3/region-from-loc?latitude=51&longitude=0&signal_type=co2_moer' },
  { at: '/watttime/v3/signal-index', url: '/watttime/v3/signal-index?region=GB&signal_type=co2_moer' },
  { at: '/watttime/v3/forecast', url: '/watttime/v3/forecast?region=DE&signal_type=co2_aoer&horizon_hours=72' },
  {
    at: '/watttime/v3/forecast/historical',
    url: `/watttime/v3/forecast/historical?region=GB&signal_type=co2_moer&start=${day}T00:00Z&end=${day}T05:00Z`,
  },
  { at: '/watttime/v3/historical', url: `/watttime/v3/historical?region=GB&signal_type=co2_moer&start=${day}T00:00Z&end=${day}T05:00Z` },
  { at: '/watttime/v3/my-access', url: '/watttime/v3/my-access' },
  { at: '/watttime/v3/maps', url: '/watttime/v3/maps?signal_type=co2_aoer' },
  { at: '/watttime/login', url: '/watttime/login', status: 401 },
  {
    at: '/carbon-aware/emissions/bylocation',
    url: `/carbon-aware/emissions/bylocation?location=berlin&time=${day}T03:00Z&toTime=${day}T05:00Z`,
  },
  { at: '/carbon-aware/emissions/bylocations', url: '/carbon-aware/emissions/bylocations?location=DE&location=GB' },
  {
    at: '/carbon-aware/emissions/bylocations/best',
    url: `/carbon-aware/emissions/bylocations/best?location=DE&location=GB&time=${day}T03:00Z&toTime=${day}T05:00Z`,
  },
  {
    at: '/carbon-aware/emissions/forecasts/current',
    url: '/carbon-aware/emissions/forecasts/current?location=DE&location=GB&windowSize=60',
  },
  {
    at: '/carbon-aware/emissions/forecasts/batch',
    url: '/carbon-aware/emissions/forecasts/batch',
    body: [{ requestedAt: `${day}T06:30:00Z`, location: 'DE', windowSize: 30 }],
  },
  {
    at: '/carbon-aware/emissions/average-carbon-intensity',
    url: `/carbon-aware/emissions/average-carbon-intensity?location=DE&startTime=${day}T00:00Z&endTime=${day}T02:00Z`,
  },
  {
    at: '/carbon-aware/emissions/average-carbon-intensity/batch',
    url: '/carbon-aware/emissions/average-carbon-intensity/batch',
    body: [{ location: 'DE', startTime: `${day}T00:00Z`, endTime: `${day}T02:00Z` }],
  },
  { at: '/carbon-aware/locations', url: '/carbon-aware/locations' },
  { at: '/carbon-aware/health', url: '/carbon-aware/health' },
  ...[
    '',
    '/date',
    `/date/${day}`,
    `/date/${day}/7`,
    '/factors',
    `/stats/${day}T00:00Z/${day}T06:00Z`,
    `/stats/${day}T00:00Z/${day}T06:00Z/2`,
    `/${day}T03:31Z`,
    `/${day}T03:31Z/fw24h`,
    `/${day}T03:31Z/fw48h`,
    `/${day}T03:31Z/pt24h`,
    `/${day}T00:00Z/${day}T06:00Z`,
  ].map((path) => ({
    at: `/uk-carbon-intensity/intensity${path
      .replace(/^\/date\/[\d-]+/, '/date/{date}')
      .replace(/\/7$/, '/{period}')
      .replace(/(T..:..Z\/[\d-]+T..:..Z)\/2$/, '$1/{block}')
      .replace(/\/[\d-]+T..:..Z/, '/{from}')
      .replace(/\/[\d-]+T..:..Z/, '/{to}')}`,
    url: `/uk-carbon-intensity/intensity${path}`,
  })),
  { at: '/uk-carbon-intensity/generation', url: '/uk-carbon-intensity/generation' },
  { at: '/uk-carbon-intensity/generation/{from}/pt24h', url: `/uk-carbon-intensity/generation/${day}T03:31Z/pt24h` },
  { at: '/uk-carbon-intensity/generation/{from}/{to}', url: `/uk-carbon-intensity/generation/${day}T00:00Z/${day}T06:00Z` },
  { at: '/uk-carbon-intensity/regional/postcode/{postcode}', url: '/uk-carbon-intensity/regional/postcode/RG10' },
  { at: '/uk-carbon-intensity/regional/regionid/{regionid}', url: '/uk-carbon-intensity/regional/regionid/3' },
  ...['fw24h', 'fw48h', 'pt24h'].flatMap((word) => [
    {
      at: `/uk-carbon-intensity/regional/intensity/{from}/${word}/postcode/{postcode}`,
      url: `/uk-carbon-intensity/regional/intensity/${day}T03:31Z/${word}/postcode/RG10`,
    },
    {
      at: `/uk-carbon-intensity/regional/intensity/{from}/${word}/regionid/{regionid}`,
      url: `/uk-carbon-intensity/regional/intensity/${day}T03:31Z/${word}/regionid/3`,
    },
  ]),
  { at: '/evcc/tariff/{tariff}', url: '/evcc/tariff/co2?site=berlin' },
];
