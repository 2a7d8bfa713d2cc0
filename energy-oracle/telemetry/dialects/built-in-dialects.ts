/**
 * Built-in dialects: how evcc, Victron, Home Assistant, Shelly, Sparkplug B, Tasmota, Zigbee2MQTT and our own topics speak.
 *
 * Data only, in the form that a mapping file uses. A rule has a stream where the dialect itself says which it is; a plug
 * or a meter that could be anything has none, and waits for its owner's word. `docs/dialects.md` says what was verified.
 */
import { type Dialect, type DialectData, readDialect } from './dialect.ts';

type RuleData = NonNullable<DialectData['rules']>[number];

const evcc: DialectData = {
  name: 'evcc',
  about: 'site totals of an evcc instance; W, kWh, %; grid + import, battery + discharge',
  source: 'https://github.com/evcc-io/evcc server/mqtt.go, core/site.go',
  variables: { root: { default: 'evcc', about: 'the topic that evcc publishes under' } },
  payload: 'text',
  absent: ['nan', '<nil>'],
  rules: [
    { match: '{root}/site/pvPower', device: 'site', measure: 'pv', unit: 'W', stream: 'pv_power' },
    // what a home draws is told without its charging points
    { match: '{root}/site/homePower', device: 'site', measure: 'load', unit: 'W', stream: 'load_power', part: 'home' },
    { match: '{root}/loadpoints/{number}/chargePower', device: 'site', measure: 'load', unit: 'W', stream: 'load_power', part: '{number}' },
    { match: '{root}/site/grid/power', device: 'site', measure: 'grid', unit: 'W', stream: 'grid_power' },
    { match: '{root}/site/gridPower', device: 'site', measure: 'grid', unit: 'W', stream: 'grid_power' },
    { match: '{root}/site/grid/energy', device: 'site', measure: 'import', unit: 'kWh', stream: 'energy_import' },
    { match: '{root}/site/grid/returnEnergy', device: 'site', measure: 'export', unit: 'kWh', stream: 'energy_export' },
    { match: '{root}/site/battery/power', device: 'site', measure: 'battery', unit: 'W', stream: 'battery_power' },
    { match: '{root}/site/batteryPower', device: 'site', measure: 'battery', unit: 'W', stream: 'battery_power' },
    { match: '{root}/site/battery/soc', device: 'site', measure: 'soc', unit: '%', stream: 'battery_soc' },
    { match: '{root}/site/batterySoc', device: 'site', measure: 'soc', unit: '%', stream: 'battery_soc' },
    { match: '{root}/site/pv/{number}/power', device: 'pv/{number}', unit: 'W' },
    { match: '{root}/site/battery/{number}/power', device: 'battery/{number}', unit: 'W' },
    { match: '{root}/site/battery/{number}/soc', device: 'battery/{number}', measure: 'soc', unit: '%' },
    { match: '{root}/site/battery/devices/{number}/power', device: 'battery/{number}', unit: 'W' },
    { match: '{root}/site/battery/devices/{number}/soc', device: 'battery/{number}', measure: 'soc', unit: '%' },
  ],
  available: [{ match: '{root}/status', device: 'site', online: 'online', offline: 'offline' }],
  // a charging point is told of once in a round, and every point waits its turn
  settle: { after: '2m' },
};

const venus = (path: string, measure: string, rest: Partial<RuleData> & Pick<RuleData, 'unit'>): RuleData => ({
  match: `N/{portal}/system/{instance}/${path}`,
  path: 'value',
  device: '{portal}',
  measure,
  ...rest,
});
const phases = (group: string, measure: string, stream: RuleData['stream']): RuleData =>
  venus(`Ac/${group}/L{phase}/Power`, measure, { unit: 'W', stream, part: `${group} L{phase}` });

const victron: DialectData = {
  name: 'victron',
  about: 'Venus OS, as its system service adds up; phases summed; battery + is charging there, so the sign turns',
  source: 'https://github.com/victronenergy/dbus-flashmq README.md; https://github.com/victronenergy/venus/wiki/dbus',
  variables: { portal: { about: 'the VRM portal id; absent: every one that is heard' } },
  rules: [
    phases('Grid', 'grid', 'grid_power'),
    phases('Consumption', 'load', 'load_power'),
    phases('PvOnGrid', 'pv', 'pv_power'),
    phases('PvOnOutput', 'pv', 'pv_power'),
    phases('PvOnGenset', 'pv', 'pv_power'),
    venus('Dc/Pv/Power', 'pv', { unit: 'W', stream: 'pv_power', part: 'Dc' }),
    venus('Dc/Battery/Power', 'battery', { unit: 'W', sign: '-', stream: 'battery_power' }),
    venus('Dc/Battery/Soc', 'soc', { unit: '%', stream: 'battery_soc' }),
    {
      match: 'N/{portal}/grid/{instance}/Ac/Energy/Forward',
      path: 'value',
      device: '{portal}/grid/{instance}',
      measure: 'import',
      unit: 'kWh',
      stream: 'energy_import',
    },
    {
      match: 'N/{portal}/grid/{instance}/Ac/Energy/Reverse',
      path: 'value',
      device: '{portal}/grid/{instance}',
      measure: 'export',
      unit: 'kWh',
      stream: 'energy_export',
    },
    { match: 'N/{portal}/pvinverter/{instance}/Ac/Power', path: 'value', device: '{portal}/pvinverter/{instance}', unit: 'W' },
  ],
  settle: { match: 'N/{portal}/full_publish_completed', device: '{portal}', after: '30s' },
  keepalive: {
    match: ['N/{portal}/system/{instance}/Serial', 'N/{portal}/heartbeat', 'N/{portal}/keepalive'],
    topic: 'R/{portal}/keepalive',
    wake: '',
    stay: '{"keepalive-options":["suppress-republish"]}',
    every: '30s',
    refresh: '2m',
  },
};

const homeAssistant: DialectData = {
  name: 'homeassistant',
  about: 'what devices tell Home Assistant of themselves (MQTT discovery); units and topics come from there',
  source: 'https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery',
  variables: { prefix: { default: 'homeassistant', about: 'the discovery prefix' } },
  absent: ['unavailable', 'unknown', 'None'],
  session: { kind: 'home-assistant-discovery', prefix: '{prefix}' },
};

const statestream: DialectData = {
  name: 'statestream',
  about: 'states that Home Assistant publishes (mqtt_statestream, with publish_attributes)',
  source: 'https://www.home-assistant.io/integrations/mqtt_statestream/',
  variables: { base: { default: 'homeassistant', about: 'base_topic' } },
  payload: 'text',
  absent: ['unavailable', 'unknown', 'None'],
  rules: [
    {
      match: '{base}/sensor/{entity}/state',
      device: 'sensor.{entity}',
      measure: 'state',
      unit: { topic: '{base}/sensor/{entity}/unit_of_measurement' },
    },
  ],
};

/** Each status comes on a topic of its own and, in part, in notifications: the same numbers, one key deeper. */
const shellyNumbers: readonly (readonly [component: string, path: string, of: string, measure: string, unit: 'W' | 'Wh'])[] = [
  ['em', 'total_act_power', 'em', 'power', 'W'],
  ['emdata', 'total_act', 'em', 'energy', 'Wh'],
  ['emdata', 'total_act_ret', 'em', 'returned', 'Wh'],
  ['em1', 'act_power', 'em1', 'power', 'W'],
  ['em1data', 'total_act_energy', 'em1', 'energy', 'Wh'],
  ['em1data', 'total_act_ret_energy', 'em1', 'returned', 'Wh'],
  ['switch', 'apower', 'switch', 'power', 'W'],
  ['switch', 'aenergy.total', 'switch', 'energy', 'Wh'],
  ['switch', 'ret_aenergy.total', 'switch', 'returned', 'Wh'],
  ['pm1', 'apower', 'pm1', 'power', 'W'],
  ['pm1', 'aenergy.total', 'pm1', 'energy', 'Wh'],
  ['pm1', 'ret_aenergy.total', 'pm1', 'returned', 'Wh'],
];

const shelly: DialectData = {
  name: 'shelly',
  about: 'Shelly Gen2 and later; power W, negative is towards the grid; energy Wh',
  source: 'https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM, …/EMData, …/Switch, …/General/Notifications',
  rules: shellyNumbers.flatMap(([component, path, of, measure, unit]): RuleData[] => [
    { match: `{prefix}/status/${component}:{channel}`, path, device: `{prefix}/${of}:{channel}`, measure, unit },
    {
      match: '{prefix}/events/rpc',
      path: `params['${component}:{channel}'].${path}`,
      device: `{prefix}/${of}:{channel}`,
      measure,
      unit,
      time: { path: 'params.ts', form: 'unix-s' },
    },
  ]),
  available: [{ match: '{prefix}/online', device: '{prefix}', online: 'true', offline: 'false' }],
};

const sparkplug: DialectData = {
  name: 'sparkplug',
  about: 'Sparkplug B edge nodes and their devices; units from the property engUnit',
  source: 'https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf, chapters 4 to 6',
  variables: { namespace: { default: 'spBv1.0', about: 'first level of the topics' } },
  session: { kind: 'sparkplug-b', namespace: '{namespace}' },
};

const tasmotaTopics = ['{prefix}/{device*}/SENSOR', '{device}/{prefix}/SENSOR', '{group}/{device}/{prefix}/SENSOR'];
const tasmota: DialectData = {
  name: 'tasmota',
  about: 'Tasmota telemetry; W and kWh; arrays are phases or channels; Time is local to the device',
  source: 'https://tasmota.github.io/docs/MQTT/, …/JSON-Status-Responses/',
  variables: { prefix: { default: 'tele', about: 'Prefix3' } },
  rules: tasmotaTopics.flatMap((match): RuleData[] => {
    const shared = { match, device: '{device}', array: 'sum', time: { path: 'Time', form: 'iso' } } as const;
    return [
      { ...shared, path: 'ENERGY.Power', unit: 'W' },
      { ...shared, path: 'ENERGY.Total', measure: 'energy', unit: 'kWh' },
      { ...shared, path: 'ENERGY.ExportActive', measure: 'returned', unit: 'kWh' },
    ];
  }),
  available: tasmotaTopics.map((match) => ({
    match: match.replace('SENSOR', 'LWT'),
    device: '{device}',
    online: 'Online',
    offline: 'Offline',
  })),
};

const zigbee2mqtt: DialectData = {
  name: 'zigbee2mqtt',
  about: 'plugs and meters behind Zigbee2MQTT; W and kWh',
  source: 'https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html',
  variables: { base: { default: 'zigbee2mqtt', about: 'mqtt.base_topic' } },
  except: ['{base}/bridge/{rest*}', '{base}/{device*}/set', '{base}/{device*}/get'],
  rules: (
    [
      ['power', 'power', 'W'],
      ['energy', 'energy', 'kWh'],
      ['produced_energy', 'returned', 'kWh'],
    ] as const
  ).map(([path, measure, unit]) => ({
    match: '{base}/{device*}',
    path,
    device: '{device}',
    measure,
    unit,
    time: { path: 'last_seen', form: 'iso' },
  })),
  available: [{ match: '{base}/{device*}/availability', path: 'state', device: '{device}', online: 'online', offline: 'offline' }],
};

const own: DialectData = {
  name: 'sunward',
  about: 'our own topics, unsigned: {"ts","value","unit"}; what is signed already is left alone',
  source: 'docs/dialects.md',
  except: ['energy/v1/{provider}/{site}/receipt', 'energy/v1/{provider}/{site}/status'],
  rules: [
    {
      match: 'energy/v1/{provider}/{site}/{stream}',
      path: 'value',
      device: '{provider}/{site}',
      measure: '{stream}',
      unit: { path: 'unit' },
      stream: '{stream}',
      time: { path: 'ts', form: 'iso' },
      duration: 'duration',
      unless: 'sig',
    },
  ],
};

/** In the order in which they are told of. */
export const builtInDialects: readonly Dialect[] = [
  evcc,
  victron,
  homeAssistant,
  statestream,
  shelly,
  sparkplug,
  tasmota,
  zigbee2mqtt,
  own,
].map(readDialect);
