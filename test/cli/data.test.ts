/** `sunward data import` as a newcomer meets it: what it prints, what it writes, and every way to ask wrongly. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataCommand } from '../../cli/data.ts';
import { type FormatName, formatNames } from '../../simulator/traces/importers/formats.ts';
import { readTrace } from '../../simulator/traces/importers/read-trace.ts';
import { type RecordSample, recordSamples } from '../fixtures/record-samples.ts';

let [out, err] = ['', ''];
beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function sunward(...argv: string[]): Promise<void> {
  const program = new Command('sunward').addCommand(dataCommand()).exitOverride();
  const configure = (command: Command): void => {
    command.exitOverride().configureOutput({
      writeErr: (text) => {
        err += text;
      },
      writeOut: (text) => {
        out += text;
      },
    });
    command.commands.forEach(configure);
  };
  configure(program);
  await program.parseAsync(['data', 'import', ...argv], { from: 'user' });
}

const folder = () => mkdtempSync(join(tmpdir(), 'sunward-data-'));
function recordFile(name: string, text: string | Buffer): string {
  const file = join(folder(), name);
  writeFileSync(file, text);
  return file;
}
const sample = (format: FormatName): RecordSample => recordSamples[format];
/** What a format must be told, as a person types it. */
const told: Partial<Record<FormatName, string[]>> = {
  'wholesale-price': ['--zone', 'DE-LU'],
  'eia-930': ['--zone', 'CISO'],
  gaia: ['--time-unit', 'seconds'],
  vessim: ['--as', 'pv-power', '--zone', 'Berlin', '--start', '2022-06-15T00:00Z'],
};

describe('sunward data import', () => {
  test('prints what it understood of a price, and what it did with it', async () => {
    await sunward(recordFile('prices.csv', sample('wholesale-price').text), '--zone', 'DE-LU');
    for (const row of [
      /format +wholesale-price/,
      /what +price\n/,
      /zone +DE-LU\n/,
      /unit +EUR\/MWh\n/,
      /currency +EUR\n/,
      /stamps read as +Europe\/Berlin\n/,
      /resolution +PT1H\n/,
      /first +2022-06-05T22:00:00Z\n/,
      /last +2022-06-06T01:00:00Z \(to 2022-06-06T02:00:00Z\)\n/,
      /values +3 in 3 records\n/,
      /gaps +1\n/,
      /least +-9 EUR\/MWh\n/,
      /mean +63.8333 EUR\/MWh\n/,
      /most +120.5 EUR\/MWh\n/,
    ])
      expect(out).toMatch(row);
  });
  test('says of a marginal intensity that it is one', async () => {
    await sunward(recordFile('moer.csv', sample('watttime').text));
    expect(out).toMatch(/what +carbon-intensity, marginal\n/);
    expect(out).toMatch(/zone +not in the file; --zone names it\n/);
    expect(out).toMatch(/- pounds of CO2 per MWh times 0.45359237\n/);
  });
  test('prints of jobs how many, how long and how wide', async () => {
    await sunward(recordFile('log.swf', sample('swf').text));
    expect(out).toMatch(/jobs +2 from 2 records\n/);
    expect(out).toMatch(/arrivals +PT0S to PT31S\n/);
    expect(out).toMatch(/lengths +P10 PT1M, P50 PT1M, P90 PT1H, most PT1H\n/);
    expect(out).toMatch(/accelerators +P10 4, P50 4, P90 128, most 128\n/);
    expect(out).toMatch(/work +128 accelerator-hours\n/);
    expect(out).toMatch(/- 1 cancelled jobs had begun to run and were kept\n/);
  });
  test('prints the same as JSON for programs', async () => {
    const file = recordFile('balance.csv', sample('eia-930').text);
    await sunward(file, '--zone', 'CISO', '--json');
    expect(JSON.parse(out)).toEqual({
      file,
      format: 'eia-930',
      note: expect.objectContaining({ what: 'demand', zone: 'CISO', unit: 'MW', gaps: 0 }),
      series: { start: '2023-07-01T07:00:00Z', end: '2023-07-01T09:00:00Z', known: 2, min: 26_000, mean: 26_050, max: 26_100 },
      beside: ['solar_mw'],
    });
  });
  test.each(formatNames)('writes %s as a file that is read back', async (format) => {
    const to = join(folder(), 'a', 'new', 'one');
    await sunward(recordFile(`${format}.csv`, sample(format).text), ...(told[format] ?? []), '--out', to, '--json');
    const { written, series, jobs, note } = JSON.parse(out);
    expect(written).toBe(join(to, `${format}.${sample(format).what}.csv`));
    out = '';
    await sunward(written, '--json');
    const again = JSON.parse(out);
    expect(again.format).toBe(note.what === 'jobs' ? 'own-jobs' : 'own-series');
    expect({ series: again.series, jobs: again.jobs }).toEqual({ series, jobs });
    expect([again.note.unit, again.note.basis, again.note.currency, again.note.gaps]).toEqual([
      note.unit,
      note.basis,
      note.currency,
      note.gaps,
    ]);
  });
  test('reads what is packed, whatever it is called, and Latin-1', async () => {
    const latin = Buffer.from(sample('epw').text.replace('AMSTERDAM', 'SÃO PAULO'), 'latin1');
    await sunward(recordFile('weather.dat', gzipSync(latin)), '--out', folder(), '--year', '2022');
    expect(out).toMatch(/zone +SÃO PAULO\n/);
    expect(out).toMatch(/first +2022-07-01T10:00:00Z\n/);
    expect(out).toMatch(/- the year 1995 laid on 2022\n/);
  });
  test('takes the zone of a price file from its name, and says so', async () => {
    await sunward(recordFile('US-CAL-CISO_electricity_prices_2022.csv', sample('wholesale-price').text.replace('EUR', 'USD')));
    expect(out).toMatch(/zone +US-CAL-CISO\n.*\n?currency +USD\nstamps read as +UTC\n/);
    expect(out).toMatch(/- the zone was read from the file’s name\n/);
  });
  test.each([
    { how: 'local:Europe/Vienna', start: '2022-06-05T22:00:00Z' },
    { how: 'utc', start: '2022-06-06T00:00:00Z' },
    { how: 'CA-ON', start: '2022-06-06T05:00:00Z' },
  ])('reads stamps as $how when told', async ({ how, start }) => {
    await sunward(recordFile('prices.csv', sample('wholesale-price').text), '--convention', how, '--zone', 'AT', '--json');
    expect(JSON.parse(out)).toMatchObject({ note: { zone: 'AT' }, series: { start } });
  });
  test('puts prices into a currency at the rate that is given, and writes them so', async () => {
    const file = recordFile('prices.csv', sample('wholesale-price').text);
    const to = folder();
    await sunward(file, '--zone', 'DE-LU', '--currency', 'usd', '--rate', 'eur=1.05', '--rate', 'GBP=1.3', '--out', to);
    expect(out).toMatch(/- 1 EUR taken as 1.05 USD, as told\n/);
    const text = readFileSync(join(to, 'prices.price.csv'), 'utf8');
    expect(text).toMatch(/^start,price_usd_per_mwh\n2022-06-05T22:00:00Z,126.525\d*\n/);
    expect(readTrace('price', text).note.currency).toBe('USD');
  });

  const prices = () => recordFile('prices.csv', sample('wholesale-price').text);
  test.each([
    { name: 'a file that is not there', argv: () => ['/nowhere/x.csv'], says: /^\/nowhere\/x.csv is not there$/ },
    { name: 'a folder', argv: () => [tmpdir()], says: /is a folder; name one file of it$/ },
    {
      name: 'a broken package',
      argv: () => [recordFile('x.gz', Buffer.from([0x1f, 0x8b, 1, 2]))],
      says: /begins as gzip does and cannot be unpacked/,
    },
    {
      name: 'an empty file',
      argv: () => [recordFile('x.csv', '')],
      says: /its beginning is of no format: ""[\s\S]*electricity-maps [\s\S]*say which with --format NAME/,
    },
    { name: 'prices of no zone', argv: () => [prices()], says: /the file names none; known zones: DE-LU, .*\nsay it with --zone ZONE$/ },
    {
      name: 'a zone nobody knows',
      argv: () => [prices(), '--zone', 'XX'],
      says: /what stamps of XX mean is not known .*\nsay it with --convention/,
    },
    {
      name: 'a currency without a rate',
      argv: () => [prices(), '--zone', 'FR', '--currency', 'USD'],
      says: /prices are in EUR and no rate to USD was given\ngive it with --rate/,
    },
    {
      name: 'a currency of what has no price',
      argv: () => [recordFile('x', sample('swf').text), '--currency', 'USD'],
      says: /jobs record: has no prices/,
    },
    {
      name: 'jobs without a unit of time',
      argv: () => [recordFile('x', sample('gaia').text)],
      says: /arrivals span 0.0 days in seconds, .*\nsay it with --time-unit seconds, minutes or hours$/,
    },
    {
      name: 'a Vessim trace of nothing',
      argv: () => [recordFile('x', sample('vessim').text)],
      says: /does not say what its numbers are: pv-power, .*\nsay it with --as KIND$/,
    },
    {
      name: 'an option that means nothing here',
      argv: () => [recordFile('x', sample('swf').text), '--year', '2022'],
      says: /read as swf, which takes no options; found year/,
    },
    {
      name: 'a line that cannot be read',
      argv: () => [recordFile('x', sample('gaia').text.replace('68.0', 'soon')), '--time-unit', 'hours'],
      says: /line 3: expected a number, found "soon"/,
    },
  ])('refuses $name, and says what to do', async ({ argv, says }) => {
    await expect(sunward(...argv())).rejects.toThrow(says);
    expect(out).toBe('');
  });
  test.each([
    { name: 'a format', argv: ['--format', 'xls'], says: /Allowed choices are electricity-maps, watttime/ },
    { name: 'a rate', argv: ['--currency', 'EUR', '--rate', 'USD'], says: /what one unit of it is worth, such as USD=0.95/ },
    { name: 'a rate of nothing', argv: ['--currency', 'EUR', '--rate', 'USD=0'], says: /such as USD=0.95/ },
    { name: 'a rate without a currency', argv: ['--rate', 'USD=0.95'], says: /turns prices into --currency; give that too/ },
    { name: 'a currency', argv: ['--currency', 'euro'], says: /ISO 4217 code such as EUR/ },
    { name: 'a convention', argv: ['--convention', 'cet'], says: /expected utc, offset, local:<IANA zone>, or one of DE-LU/ },
    {
      name: 'a time zone',
      argv: ['--convention', 'local:Europe/Nowhere'],
      says: /IANA name such as Europe\/Berlin, found Europe\/Nowhere/,
    },
    { name: 'a year', argv: ['--year', '22'], says: /a year such as 2022/ },
    { name: 'a start', argv: ['--start', '2022-06-15'], says: /RFC 3339 with its offset/ },
    { name: 'no file', argv: [], says: /missing required argument 'file'/ },
  ])('knows when $name is none', async ({ name, argv, says }) => {
    await expect(sunward(...(name === 'no file' ? [] : [prices()]), ...argv)).rejects.toThrow();
    expect(err).toMatch(says);
  });
  test('has every format in its page of the docs', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/data.md'), 'utf8');
    for (const format of formatNames) expect(page).toContain(`\n| \`${format}\``);
  });
  test('helps with every format and with examples', async () => {
    await expect(sunward('--help')).rejects.toThrow();
    for (const format of formatNames) expect(out).toContain(`\n  ${format} `);
    expect(out).toMatch(/Examples:\n {2}sunward data import/);
  });
});
