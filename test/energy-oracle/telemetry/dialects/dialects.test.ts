/**
 * Dialects: one table per dialect, of messages in the shape that its documentation shows.
 */
import { describe, expect, test } from 'vitest';
import { heard, lines, type MappingData, type Spoken, translator } from './hearing.ts';

interface Case {
  readonly name: string;
  readonly messages: readonly Spoken[];
  readonly mapping?: MappingData;
  readonly want: readonly string[];
  readonly refused?: RegExp;
}

const holds = ({ messages, mapping, want, refused }: Case) => {
  const result = heard(messages, mapping);
  expect(lines(result)).toEqual(want);
  if (refused) expect(result.refusals.join('\n')).toMatch(refused);
  else expect(result.refusals).toEqual([]);
};

/** Shapes: evcc-io/evcc server/mqtt.go (encode, publishComplex), core/keys/site.go. */
describe('evcc', () => {
  test.each<Case>([
    { name: 'tells PV in W', messages: [['evcc/site/pvPower', '936']], want: ['evcc/site pv_power 936'] },
    { name: 'tells import as positive', messages: [['evcc/site/grid/power', '-120.5']], want: ['evcc/site grid_power -120.5'] },
    { name: 'tells discharge as positive', messages: [['evcc/site/batteryPower', '1500']], want: ['evcc/site battery_power 1500'] },
    { name: 'counts the grid in kWh', messages: [['evcc/site/grid/energy', '12.345']], want: ['evcc/site energy_import 12345'] },
    { name: 'erases a value with zero bytes', messages: [['evcc/site/pvPower', '']], want: [] },
    {
      name: 'may have another root',
      mapping: { variables: { evcc: { root: 'home/evcc' } } },
      messages: [
        ['home/evcc/site/pvPower', '1'],
        ['evcc/site/pvPower', '2'],
      ],
      want: ['evcc/site pv_power 1'],
    },
    {
      name: 'numbers its panels from 1, and which counts is the owner’s word',
      mapping: { others: 'ignore', devices: [{ device: 'evcc/pv/2', stream: 'pv_power' }] },
      messages: [
        ['evcc/site/pv', '2'],
        ['evcc/site/pv/1/power', '100'],
        ['evcc/site/pv/2/power', '200'],
      ],
      want: ['evcc/pv/2 pv_power 200'],
    },
    { name: 'refuses what is no number', messages: [['evcc/site/pvPower', 'lots']], want: [], refused: /"lots" is no number/ },
  ])('$name', holds);
});

/** Shapes: victronenergy/dbus-flashmq README.md; paths of victronenergy/venus wiki, page dbus. */
describe('Victron Venus', () => {
  const phase = (number: number, value: unknown): Spoken => [`N/abc/system/0/Ac/Grid/L${number}/Power`, { value }];
  const done: Spoken = ['N/abc/full_publish_completed', { value: 1_702_459_522 }];
  test.each<Case>([
    {
      name: 'sums phases once all have been told',
      messages: [phase(1, 100), phase(2, -30), phase(3, 5), done, phase(3, 6)],
      want: ['victron/abc grid_power 76'],
    },
    { name: 'takes null for no phase', messages: [phase(1, 100), phase(2, null), done, phase(1, 90)], want: ['victron/abc grid_power 90'] },
    {
      name: 'charges with a positive sign',
      messages: [['N/abc/system/0/Dc/Battery/Power', { value: 500 }]],
      want: ['victron/abc battery_power -500'],
    },
  ])('$name', holds);
  test('is kept awake with one request for everything, then with short ones', () => {
    const ear = translator();
    heard([['N/abc/system/0/Serial', { value: 'abc' }]], {}, ear);
    const sent = [0, 10, 30, 60, 90, 120, 150].flatMap((second) =>
      ear.due(second * 1_000).map(({ topic, payload }) => [second, topic, new TextDecoder().decode(payload)]),
    );
    const short = '{"keepalive-options":["suppress-republish"]}';
    expect(sent).toEqual([
      [0, 'R/abc/keepalive', ''],
      [30, 'R/abc/keepalive', short],
      [60, 'R/abc/keepalive', short],
      [90, 'R/abc/keepalive', short],
      [120, 'R/abc/keepalive', ''],
      [150, 'R/abc/keepalive', short],
    ]);
  });
});
