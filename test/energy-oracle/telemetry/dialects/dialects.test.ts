/**
 * Dialects: one table per dialect, of messages in the shape that its documentation shows.
 */
import { describe, expect, test } from 'vitest';
import { at, heard, lines, type MappingData, noon, type Spoken, translator } from './hearing.ts';

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
    {
      name: 'tells a home’s load with what its charging points draw',
      messages: [
        ['evcc/site/homePower', '400'],
        ['evcc/loadpoints', '2'],
        ['evcc/loadpoints/1/chargePower', '3600'],
        ['evcc/loadpoints/2/chargePower', '0', { receivedAt: noon + 119_000 }],
        ['evcc/site/homePower', '410', { receivedAt: noon + 120_000 }],
      ],
      want: ['evcc/site load_power 4010'],
    },
    {
      name: 'does not take what the broker kept, but adds it up',
      messages: [
        ['evcc/loadpoints/1/chargePower', '1000', { retained: true }],
        ['evcc/site/pvPower', '900', { retained: true }],
        ['evcc/site/homePower', '410', { receivedAt: noon + 120_000 }],
      ],
      want: ['evcc/site load_power 1410'],
      refused: /evcc\/site pv: kept by the broker/,
    },
    {
      name: 'has a battery of several devices',
      mapping: { others: 'ignore', devices: [{ device: 'evcc/battery/2', measure: 'soc', stream: 'battery_soc' }] },
      messages: [['evcc/site/battery/devices/2/soc', '57.5']],
      want: ['evcc/battery/2 battery_soc 57.5'],
    },
    { name: 'refuses what is no number', messages: [['evcc/site/pvPower', 'lots']], want: [], refused: /"lots" is no number/ },
  ])('$name', holds);
});

/** Shapes: victronenergy/dbus-flashmq README.md; paths of victronenergy/venus wiki, page dbus. */
describe('Victron Venus', () => {
  const phase = (number: number, value: unknown, second = 0): Spoken => [
    `N/abc/system/0/Ac/Grid/L${number}/Power`,
    { value },
    { receivedAt: noon + second * 1_000 },
  ];
  const done: Spoken = ['N/abc/full_publish_completed', { value: 1_702_459_522 }];
  test.each<Case>([
    {
      name: 'sums phases once all have been told',
      messages: [phase(1, 100), phase(2, -30), phase(3, 5), done, phase(3, 6)],
      want: ['victron/abc grid_power 76'],
    },
    { name: 'takes null for no phase', messages: [phase(1, 100), phase(2, null), done, phase(1, 90)], want: ['victron/abc grid_power 90'] },
    {
      name: 'takes a silent half minute for all of them, when nobody says so',
      messages: [phase(1, 100), phase(2, 5), phase(1, 90, 30)],
      want: ['victron/abc grid_power 95'],
    },
    {
      name: 'tells no sum while a part that was there is away',
      messages: [
        phase(1, 100),
        phase(2, 5),
        done,
        ['N/abc/system/0/Ac/Grid/L2/Power', ''],
        phase(1, 101),
        phase(2, 6),
        phase(1, 102, 1),
        ['N/abc/system/0/Ac/Grid/L2/Power', { value: null }],
        phase(1, 103, 299),
        phase(1, 104, 300),
      ],
      want: ['victron/abc grid_power 107', 'victron/abc grid_power 108', 'victron/abc grid_power 104'],
    },
    {
      name: 'adds up what is on the grid, on the output and on direct current',
      messages: [
        ['N/abc/system/0/Ac/PvOnGrid/L1/Power', { value: 1_000 }],
        ['N/abc/system/0/Ac/PvOnOutput/L1/Power', { value: 200 }],
        done,
        ['N/abc/system/0/Dc/Pv/Power', { value: 30 }],
      ],
      want: ['victron/abc pv_power 1230'],
    },
    {
      name: 'counts both ways in kWh, and the charge in percent',
      messages: [
        ['N/abc/grid/30/Ac/Energy/Forward', { value: 1.5 }],
        ['N/abc/grid/30/Ac/Energy/Reverse', { value: 0.25 }],
        ['N/abc/system/0/Dc/Battery/Soc', { value: 81.5 }],
      ],
      want: ['victron/abc/grid/30 energy_import 1500', 'victron/abc/grid/30 energy_export 250', 'victron/abc battery_soc 81.5'],
    },
    {
      name: 'charges with a positive sign',
      messages: [['N/abc/system/0/Dc/Battery/Power', { value: 500 }]],
      want: ['victron/abc battery_power -500'],
    },
  ])('$name', holds);
  test('is woken at once where its portal is known', () => {
    const ear = translator({ variables: { victron: { portal: 'abc' } } });
    expect(ear.due(0).map(({ topic }) => topic)).toEqual(['R/abc/keepalive']);
    expect(lines(heard([['N/other/system/0/Dc/Battery/Soc', { value: 1 }]], {}, ear))).toEqual([]);
  });
  test('is kept awake with one request for everything, then with short ones', () => {
    const ear = translator();
    heard([['N/abc/heartbeat', { value: 1 }]], {}, ear);
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

const owner = (device: string, stream: string, rest: object = {}): MappingData => ({
  others: 'ignore',
  devices: [{ device, stream, ...rest }],
});

/** Shapes: home-assistant.io integrations/mqtt (discovery), integrations/sensor.mqtt; core mqtt/abbreviations.py. */
describe('Home Assistant discovery', () => {
  const bundle: Spoken = [
    'homeassistant/device/inverter1/config',
    {
      dev: { ids: 'inverter1', name: 'Inverter', mf: 'Acme' },
      o: { name: 'acme2mqtt', sw: '1.2' },
      cmps: {
        power: { p: 'sensor', dev_cla: 'power', unit_of_meas: 'kW', val_tpl: '{{ value_json.ac.p }}', uniq_id: 'i1_p' },
        total: {
          p: 'sensor',
          dev_cla: 'energy',
          unit_of_meas: 'MWh',
          val_tpl: "{{ value_json['ac']['total'] | float(0) }}",
          uniq_id: 'i1_e',
        },
        heat: { p: 'sensor', dev_cla: 'temperature', unit_of_meas: '°C', val_tpl: '{{ value_json.t }}', uniq_id: 'i1_t' },
      },
      '~': 'acme/inverter1',
      stat_t: '~/state',
      avty_t: '~/lwt',
    },
    { retained: true },
  ];
  const state: Spoken = ['acme/inverter1/state', { ac: { p: '1.25', total: 2.5 }, t: 40 }];
  const pv = owner('homeassistant/inverter1', 'pv_power');
  test('asks for the topics that a device names', () =>
    expect([...heard([bundle], pv).subscribe].sort()).toEqual(['acme/inverter1/lwt', 'acme/inverter1/state']));
  test.each<Case>([
    { name: 'reads a device bundle, abbreviated', mapping: pv, messages: [bundle, state], want: ['homeassistant/inverter1 pv_power 1250'] },
    {
      name: 'reads energy in MWh',
      mapping: owner('homeassistant/inverter1', 'energy_export', { measure: 'total' }),
      messages: [bundle, state],
      want: ['homeassistant/inverter1 energy_export 2500000'],
    },
    {
      name: 'reads a config of one entity, with joules',
      mapping: owner('homeassistant/*', 'energy_import', { measure: 'total' }),
      messages: [
        [
          'homeassistant/sensor/heat/total/config',
          { state_topic: 'heat/total', device_class: 'energy', state_class: 'total_increasing', unit_of_measurement: 'MJ' },
        ],
        ['heat/total', '36'],
      ],
      want: ['homeassistant/heat energy_import 10000'],
    },
    {
      name: 'takes nothing of a device that is away',
      mapping: pv,
      messages: [bundle, ['acme/inverter1/lwt', 'offline'], state, ['acme/inverter1/lwt', 'online'], state],
      want: ['homeassistant/inverter1 pv_power 1250'],
      refused: /inverter1 power: the device says that it is away/,
    },
    ...(
      [
        ['all', ['online', 'offline'], false],
        ['all', ['online', 'online'], true],
        ['any', ['online', 'offline'], true],
        ['any', ['offline', 'offline'], false],
        ['latest', ['offline', 'online'], true],
        ['latest', ['online', 'offline'], false],
      ] as const
    ).map(
      ([mode, [first, second], here]): Case => ({
        name: `is ${here ? '' : 'not '}there with ${mode} of ${first}, ${second}`,
        mapping: owner('homeassistant/x', 'load_power', { measure: 'x' }),
        messages: [
          [
            'homeassistant/sensor/x/config',
            {
              stat_t: 's',
              dev_cla: 'power',
              unit_of_meas: 'W',
              avty_mode: mode,
              avty: [{ t: 'a' }, { t: 'b', val_tpl: '{{ value_json.state }}' }],
            },
          ],
          ['a', first],
          ['b', { state: second }],
          ['s', '5'],
        ],
        want: here ? ['homeassistant/x load_power 5'] : [],
        ...(here ? {} : { refused: /is away/ }),
      }),
    ),
    ...(
      [
        ['all', ['online', 'offline'], false],
        ['all', ['online', 'online'], true],
        ['any', ['online', 'offline'], true],
        ['any', ['offline', 'offline'], false],
        ['latest', ['offline', 'online'], true],
        ['latest', ['online', 'offline'], false],
      ] as const
    ).map(
      ([mode, [first, second], here]): Case => ({
        name: `is ${here ? '' : 'not '}there with ${mode} of ${first}, ${second}`,
        mapping: owner('homeassistant/x', 'load_power', { measure: 'x' }),
        messages: [
          [
            'homeassistant/sensor/x/config',
            {
              stat_t: 's',
              dev_cla: 'power',
              unit_of_meas: 'W',
              avty_mode: mode,
              avty: [{ t: 'a' }, { t: 'b', val_tpl: '{{ value_json.state }}' }],
            },
          ],
          ['a', first],
          ['b', { state: second }],
          ['s', '5'],
        ],
        want: here ? ['homeassistant/x load_power 5'] : [],
        ...(here ? {} : { refused: /is away/ }),
      }),
    ),
    { name: 'forgets what was taken back', mapping: pv, messages: [bundle, [bundle[0], ''], state], want: [] },
    {
      name: 'does not take a state that the broker kept',
      mapping: pv,
      messages: [bundle, [state[0], state[1], { retained: true }]],
      want: [],
      refused: /kept by the broker/,
    },
    {
      name: 'takes no default for what is missing',
      mapping: owner('homeassistant/inverter1', 'energy_export', { measure: 'total' }),
      messages: [bundle, [state[0], { ac: { p: 1 } }]],
      want: [],
    },
    {
      name: 'says nothing of what is unavailable',
      mapping: pv,
      messages: [bundle, [state[0], { ac: { p: 'unavailable' } }]],
      want: [],
    },
    {
      name: 'leaves alone what Sunward itself publishes',
      mapping: owner('homeassistant/*', 'pv_power'),
      messages: [
        [
          'homeassistant/device/s/config',
          {
            o: { name: 'Sunward' },
            dev: { ids: 's' },
            cmps: { power: { p: 'sensor', dev_cla: 'power', unit_of_meas: 'W', stat_t: 's/p' } },
          },
        ],
        ['s/p', '5'],
      ],
      want: [],
    },
  ])('$name', holds);
  test.each([
    ["{{ states('sensor.x') }}", 'the function states'],
    ['{% if value_json.a %}1{% endif %}', 'the statement if'],
    ['{{ value_json.a | multiply(2) }}', 'the filter multiply'],
    ['{{ value_json.a + value_json.b }}', 'the expression'],
  ])('refuses the template %s by name', (template, what) => {
    const config = { state_topic: 'a', device_class: 'power', unit_of_measurement: 'W', value_template: template };
    expect(heard([['homeassistant/sensor/x/config', config]]).refusals.join()).toContain(`${what} is not understood`);
  });
  test.each([
    ['{{ value }}', '7', 7],
    ['{{ value | float / 1000 }}', '7000', 7],
    ['{{ (value_json.a[1] | float) * 10 }}', '{"a":[1,0.7]}', 7],
    ["{{value_json['b c']|round(2)}}", '{"b c":"7"}', 7],
    [undefined, '7', 7],
  ])('reads the template %s', (template, payload, want) => {
    const config = { state_topic: 'a', device_class: 'power', unit_of_measurement: 'W', ...(template ? { value_template: template } : {}) };
    const { observations } = heard(
      [
        ['homeassistant/sensor/x/config', config],
        ['a', payload],
      ],
      owner('homeassistant/x', 'pv_power', { measure: 'x' }),
    );
    expect(observations.map(({ value }) => value)).toEqual([want]);
  });
  test('refuses power in a unit of energy', () =>
    expect(heard([['homeassistant/sensor/x/config', { stat_t: 'a', dev_cla: 'power', unit_of_meas: 'kWh' }]]).refusals.join()).toContain(
      'a sensor of power is in W or multiples of it, found kWh',
    ));
});

/** Shapes: home-assistant core mqtt_statestream/__init__.py: states as plain text, attributes as JSON. */
describe('Home Assistant statestream', () => {
  test.each<Case>([
    {
      name: 'knows the unit once it was said',
      mapping: owner('statestream/sensor.roof', 'pv_power', { measure: 'state' }),
      messages: [
        ['homeassistant/sensor/roof/state', '1.5'],
        ['homeassistant/sensor/roof/unit_of_measurement', '"kW"'],
        ['homeassistant/sensor/roof/state', '1.6'],
      ],
      want: ['statestream/sensor.roof pv_power 1600'],
      refused: /no unit is said/,
    },
    {
      name: 'says nothing of a temperature, nor of what is unknown',
      messages: [
        ['homeassistant/sensor/hall/unit_of_measurement', '"°C"'],
        ['homeassistant/sensor/hall/state', '21.5'],
        ['homeassistant/sensor/roof/unit_of_measurement', '"W"'],
        ['homeassistant/sensor/roof/state', 'unavailable'],
      ],
      want: [],
    },
  ])('$name', holds);
});

/** Shapes: shelly-api-docs.shelly.cloud gen2 EM, EMData, EM1, Switch; General/Notifications. */
describe('Shelly', () => {
  const grid = {
    others: 'ignore' as const,
    devices: [
      { device: 'shelly/*/em:0', stream: 'grid_power' },
      { device: 'shelly/*/em:0', measure: 'energy', stream: 'energy_import' },
      { device: 'shelly/*/em:0', measure: 'returned', stream: 'energy_export' },
    ],
  };
  const em = { id: 0, a_act_power: -160.2, b_act_power: 72.8, c_act_power: 27.2, total_current: 1.2, total_act_power: -60.2 };
  test.each<Case>([
    {
      name: 'exports with a minus',
      mapping: grid,
      messages: [['shellypro3em-a/status/em:0', em]],
      want: ['shelly/shellypro3em-a/em:0 grid_power -60.2'],
    },
    {
      name: 'counts in Wh, not kWh',
      mapping: grid,
      messages: [['shellypro3em-a/status/emdata:0', { id: 0, total_act: 208_151.23, total_act_ret: 1_234.5 }]],
      want: ['shelly/shellypro3em-a/em:0 energy_import 208151.23', 'shelly/shellypro3em-a/em:0 energy_export 1234.5'],
    },
    {
      name: 'notifies of parts, with its own time',
      mapping: grid,
      messages: [
        [
          'shellypro3em-a/events/rpc',
          {
            src: 'shellypro3em-a',
            dst: 'shellypro3em-a/events',
            method: 'NotifyStatus',
            params: { ts: at('2026-11-22T11:59:00Z') / 1_000, 'em:0': em },
          },
        ],
      ],
      want: ['shelly/shellypro3em-a/em:0 grid_power -60.2'],
    },
    {
      name: 'has a switch that stands for what its owner says',
      mapping: owner('shelly/plug/switch:0', 'load_power'),
      messages: [['plug/status/switch:0', { id: 0, output: true, apower: 8.9, voltage: 237.5, aenergy: { total: 6.532, minute_ts: 1 } }]],
      want: ['shelly/plug/switch:0 load_power 8.9'],
    },
    {
      name: 'turns a meter that was mounted the wrong way round',
      mapping: owner('shelly/m/em1:1', 'pv_power', { sign: '-', scale: 2 }),
      messages: [['m/status/em1:1', { id: 1, act_power: -501.8 }]],
      want: ['shelly/m/em1:1 pv_power 1003.6'],
    },
    {
      name: 'is not taken for anything without its owner’s word',
      messages: [['m/status/em1:1', { id: 1, act_power: 501.8 }]],
      want: [],
      refused: /which stream it is, only its owner knows/,
    },
  ])('$name', holds);
  test('keeps the time of a notification', () => {
    const ts = at('2026-11-22T11:59:00Z') / 1_000;
    expect(
      heard([['p/events/rpc', { params: { ts, 'switch:0': { apower: 5 } } }]], owner('shelly/*', 'load_power')).observations[0]?.at,
    ).toBe(ts * 1_000);
  });
});

/** Shapes: tasmota.github.io/docs MQTT, JSON-Status-Responses. */
describe('Tasmota', () => {
  const energy = {
    TotalStartTime: '2026-01-01T00:00:00',
    Total: 3.185,
    Yesterday: 3.058,
    Today: 0.127,
    Power: 120,
    Voltage: 221,
    Current: 0.5,
  };
  const berlin = (rest: object = {}) => ({
    ...owner('tasmota/garage', 'pv_power', rest),
    variables: { tasmota: { timezone: 'Europe/Berlin' } },
  });
  const sensor = (Time: string, topic = 'tele/garage/SENSOR'): Spoken => [topic, { Time, ENERGY: energy }];
  test.each<Case>([
    { name: 'tells power in W', mapping: berlin(), messages: [sensor('2026-11-22T13:00:00')], want: ['tasmota/garage pv_power 120'] },
    {
      name: 'tells energy in kWh',
      mapping: berlin({ measure: 'energy', stream: 'energy_export' }),
      messages: [sensor('2026-11-22T13:00:00')],
      want: ['tasmota/garage energy_export 3185'],
    },
    {
      name: 'may have its FullTopic turned',
      mapping: berlin(),
      messages: [sensor('2026-11-22T13:00:00', 'garage/tele/SENSOR')],
      want: ['tasmota/garage pv_power 120'],
    },
    {
      name: 'may have a topic of several levels',
      mapping: owner('tasmota/home/garage', 'pv_power'),
      messages: [sensor('2026-11-22T13:00:00', 'tele/home/garage/SENSOR')],
      want: ['tasmota/home/garage pv_power 120'],
    },
    {
      name: 'adds up an array, and tells each',
      mapping: {
        others: 'ignore',
        devices: [
          { device: 'tasmota/m', stream: 'load_power' },
          { device: 'tasmota/m', measure: 'power.2', stream: 'pv_power' },
        ],
      },
      messages: [['tele/m/SENSOR', { ENERGY: { Power: [100, 20, 3] } }]],
      want: ['tasmota/m load_power 123', 'tasmota/m pv_power 20'],
    },
    {
      name: 'refuses a clock that runs in another zone',
      mapping: berlin(),
      messages: [sensor('2026-11-22T23:00:00')],
      want: [],
      refused: /the device's clock is 10 h ahead; is the time zone right\?/,
    },
    {
      name: 'refuses a clock that was never set',
      mapping: berlin(),
      messages: [sensor('1970-01-01T00:00:10')],
      want: [],
      refused: /clock stands at 1969-12-31T23:00:10Z/,
    },
  ])('$name', holds);
  test.each([
    { name: 'in winter', time: '2026-11-22T13:00:00', zone: 'Europe/Berlin', now: '2026-11-22T12:00:02Z', want: '2026-11-22T12:00:00Z' },
    { name: 'in summer', time: '2026-07-01T13:00:00', zone: 'Europe/Berlin', now: '2026-07-01T11:00:02Z', want: '2026-07-01T11:00:00Z' },
    {
      name: 'in the first of two hours',
      time: '2026-10-25T02:30:00',
      zone: 'Europe/Berlin',
      now: '2026-10-25T00:30:01Z',
      want: '2026-10-25T00:30:00Z',
    },
    {
      name: 'in the second of two hours',
      time: '2026-10-25T02:30:00',
      zone: 'Europe/Berlin',
      now: '2026-10-25T01:30:01Z',
      want: '2026-10-25T01:30:00Z',
    },
    {
      name: 'with an offset, whatever the zone',
      time: '2026-11-22T13:00:00+05:30',
      zone: 'Europe/Berlin',
      now: '2026-11-22T07:30:01Z',
      want: '2026-11-22T07:30:00Z',
    },
  ])('resolves local time $name', ({ time, zone, now, want }) => {
    const mapping = { ...owner('tasmota/garage', 'pv_power'), variables: { tasmota: { timezone: zone } } };
    const [topic, payload] = sensor(time);
    expect(heard([[topic, payload, { receivedAt: at(now) }]], mapping).observations.map((each) => each.at)).toEqual([at(want)]);
  });
  test('refuses an hour that the clocks skip', () => {
    const mapping = { ...owner('tasmota/garage', 'pv_power'), variables: { tasmota: { timezone: 'Europe/Berlin' } } };
    const [topic, payload] = sensor('2026-03-29T02:30:00');
    expect(heard([[topic, payload, { receivedAt: at('2026-03-29T01:30:00Z') }]], mapping).refusals.join()).toContain(
      'is skipped by the clocks of Europe/Berlin',
    );
  });
  test('without a zone counts from when its message came', () =>
    expect(heard([sensor('2026-11-22T13:00:00')], owner('tasmota/garage', 'pv_power')).observations[0]?.at).toBe(noon));
});

/** Shapes: zigbee2mqtt.io guide/usage/mqtt_topics_and_messages.html, devices/TS011F_plug_1.html. */
describe('Zigbee2MQTT', () => {
  const plug = { power: 12.3, energy: 4.56, voltage: 230, current: 0.05, state: 'ON', linkquality: 90 };
  test.each<Case>([
    {
      name: 'tells power in W',
      mapping: owner('zigbee2mqtt/heater', 'load_power'),
      messages: [['zigbee2mqtt/heater', plug]],
      want: ['zigbee2mqtt/heater load_power 12.3'],
    },
    {
      name: 'tells energy in kWh, of names with slashes',
      mapping: owner('zigbee2mqtt/hall/heater', 'energy_import', { measure: 'energy' }),
      messages: [['zigbee2mqtt/hall/heater', plug]],
      want: ['zigbee2mqtt/hall/heater energy_import 4560'],
    },
    {
      name: 'says nothing on its bridge and its commands',
      messages: [
        ['zigbee2mqtt/bridge/devices', [{ power: 1 }]],
        ['zigbee2mqtt/heater/set', { power: 1 }],
      ],
      want: [],
    },
    {
      name: 'is away when it says so',
      mapping: owner('zigbee2mqtt/heater', 'load_power'),
      messages: [
        ['zigbee2mqtt/heater/availability', { state: 'offline' }],
        ['zigbee2mqtt/heater', plug],
        ['zigbee2mqtt/heater/availability', 'online'],
        ['zigbee2mqtt/heater', plug],
      ],
      want: ['zigbee2mqtt/heater load_power 12.3'],
      refused: /says that it is away/,
    },
  ])('$name', holds);
});

describe('our own topics', () => {
  const reading = (value: unknown, rest: object = {}): Spoken => [
    'energy/v1/acme/roof/pv_power',
    { ts: '2026-11-22T11:59:00Z', value, unit: 'W', ...rest },
  ];
  test.each<Case>([
    { name: 'are read unsigned', messages: [reading(936)], want: ['sunward/acme/roof pv_power 936'] },
    { name: 'may say another unit', messages: [reading(0.9, { unit: 'kW' })], want: ['sunward/acme/roof pv_power 900'] },
    { name: 'are left alone where they are signed', messages: [reading(936, { sig: 'abc' })], want: [] },
    { name: 'are refused without a unit', messages: [reading(936, { unit: undefined })], want: [], refused: /no unit is said/ },
    {
      name: 'are refused in a unit of another kind',
      messages: [reading(936, { unit: 'kWh' })],
      want: [],
      refused: /pv_power is in W or multiples of it, found kWh/,
    },
    {
      name: 'have none but their streams',
      messages: [
        ['energy/v1/acme/roof/receipt', { committed: [] }],
        ['energy/v1/acme/roof/status', 'online'],
        ['energy/v1/acme/roof/forecast/pv_power', [{ start: 1 }]],
      ],
      want: [],
    },
  ])('$name', holds);
});

describe('a dialect of the owner’s own', () => {
  const mine: MappingData = {
    use: ['mine'],
    variables: { mine: { root: 'cellar' } },
    dialects: [
      {
        name: 'mine',
        variables: { root: { about: 'where it publishes' } },
        rules: [
          {
            match: '{root}/{device}/data',
            path: 'd[0].kw',
            device: '{device}',
            unit: 'kW',
            sign: '-',
            stream: 'grid_power',
            time: { path: 't', form: 'unix-s' },
          },
        ],
      },
    ],
  };
  test('has the same fields', () => {
    const result = heard([['cellar/m1/data', { t: noon / 1_000 - 5, d: [{ kw: 1.5 }] }]], mine);
    expect(result.observations).toEqual([{ device: 'mine/m1', stream: 'grid_power', value: -1_500, at: noon - 5_000 }]);
  });
  test('is subscribed to alone when only it is used', () => expect(translator(mine).filters).toEqual(['cellar/+/data']));
  test.each([
    { name: 'an unknown dialect', mapping: { use: ['evc'] }, want: 'use: no dialect "evc"; there are evcc, victron' },
    {
      name: 'an unknown variable',
      mapping: { variables: { evcc: { rooot: 'x' } } },
      want: 'variables.evcc.rooot: evcc has root, timezone',
    },
    {
      name: 'a topic with wildcards',
      mapping: { variables: { evcc: { root: 'a/#' } } },
      want: 'variables.evcc: {root}/site/pvPower becomes a/#/site/pvPower',
    },
    {
      name: 'a zone that IANA does not know',
      mapping: { variables: { tasmota: { timezone: 'Mars/Base' } } },
      want: 'variables.tasmota.timezone: time zone must be an IANA name',
    },
  ])('is refused for $name', ({ mapping, want }) => expect(() => translator(mapping)).toThrow(want));
});
