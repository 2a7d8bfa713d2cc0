/**
 * Discovery config: what a device tells Home Assistant of its sensors, as the entities that tell of power and energy.
 *
 * Reads device bundles and configs of one entity, in full words or abbreviated, and fills in the base topic `~`. What is
 * ours (`origin` Sunward) is left out, or the oracle would meter its own forecasts.
 */
import { baseOf } from './meter-unit.ts';
import { parseTemplate, type ValueTemplate } from './value-template.ts';

export interface DiscoveredEntity {
  readonly device: string;
  readonly measure: string;
  readonly stateTopic: string;
  readonly template: ValueTemplate;
  readonly unit: string;
  readonly availability: readonly Availability[];
  readonly availabilityMode: 'all' | 'any' | 'latest';
}

export interface Availability {
  readonly topic: string;
  readonly template: ValueTemplate;
  readonly online: string;
  readonly offline: string;
}

/** Who publishes what this project publishes. */
export const ownOrigin = 'Sunward';

type Fields = Readonly<Record<string, unknown>>;
/** Of the abbreviations that Home Assistant knows, those of the fields that are read here. */
const full: Readonly<Record<string, string>> = {
  stat_t: 'state_topic',
  val_tpl: 'value_template',
  unit_of_meas: 'unit_of_measurement',
  dev_cla: 'device_class',
  avty: 'availability',
  avty_t: 'availability_topic',
  avty_tpl: 'availability_template',
  avty_mode: 'availability_mode',
  pl_avail: 'payload_available',
  pl_not_avail: 'payload_not_available',
  uniq_id: 'unique_id',
  dev: 'device',
  ids: 'identifiers',
  o: 'origin',
  cmps: 'components',
  p: 'platform',
  t: 'topic',
};
const entitiesMax = 64;

export interface DiscoveryConfig {
  readonly entities: readonly DiscoveredEntity[];
  readonly refusals: readonly string[];
}

/** @param names  what the topic calls it: of a bundle its device, of an entity its node, if any, and itself */
export function readDiscovery(
  json: unknown,
  isBundle: boolean,
  names: { readonly node: string | undefined; readonly object: string },
): DiscoveryConfig {
  const config = fieldsOf(json);
  if (!config) return { entities: [], refusals: ['a config is an object'] };
  if (textAt(fieldsOf(config['origin']), 'name') === ownOrigin) return { entities: [], refusals: [] };
  const identifiers = fieldsOf(config['device'])?.['identifiers'];
  const identifier = Array.isArray(identifiers) ? identifiers[0] : identifiers;
  const device = typeof identifier === 'string' ? identifier.slice(0, 128) : (names.node ?? names.object);
  const components = fieldsOf(config['components']);
  if (isBundle && !components) return { entities: [], refusals: ['a device config has components'] };
  const { components: _, ...shared } = config;
  const parts = isBundle ? Object.entries(components ?? {}).slice(0, entitiesMax) : [[names.object, config] as const];
  const entities: DiscoveredEntity[] = [];
  const refusals: string[] = [];
  for (const [measure, part] of parts) {
    const fields = isBundle ? fieldsOf(part) : config;
    if (!fields || (isBundle && fields['platform'] !== 'sensor')) continue;
    const entity = entityOf(withBase({ ...shared, ...fields }), device, measure);
    if (typeof entity === 'string') refusals.push(`${device} ${measure}: ${entity}`);
    else if (entity) entities.push(entity);
  }
  return { entities, refusals };
}

/** `undefined` for a sensor of something else; a sentence for one that cannot be read. */
function entityOf(fields: Fields, device: string, measure: string): DiscoveredEntity | string | undefined {
  const unit = textAt(fields, 'unit_of_measurement');
  const kind = textAt(fields, 'device_class');
  const base = unit === undefined ? undefined : baseOf(unit)?.base;
  if (kind === 'power' || kind === 'energy' || kind === 'energy_storage') {
    const wanted = kind === 'power' ? 'W' : 'Wh';
    if (base !== wanted) return `a sensor of ${kind} is in ${wanted} or multiples of it, found ${unit ?? 'no unit'}`;
  } else if (kind !== undefined && kind !== 'battery') return undefined;
  if (base === undefined || unit === undefined || (base === '%' && kind !== 'battery')) return undefined;
  const stateTopic = textAt(fields, 'state_topic');
  if (!isTopic(stateTopic)) return `a state topic without wildcards is needed, found ${JSON.stringify(stateTopic)}`;
  const template = parseTemplate(textAt(fields, 'value_template'));
  if (template.kind === 'refused') return template.reason;
  const availability = availabilityOf(fields);
  const unread = availability.find((each) => each.template.kind === 'refused');
  if (unread?.template.kind === 'refused') return unread.template.reason;
  const mode = textAt(fields, 'availability_mode');
  return {
    device,
    measure,
    stateTopic,
    template,
    unit,
    availability,
    availabilityMode: mode === 'all' || mode === 'any' ? mode : 'latest',
  };
}

function availabilityOf(fields: Fields): Availability[] {
  const listed = fields['availability'];
  const each = Array.isArray(listed) ? listed : listed === undefined ? [] : [listed];
  const single = textAt(fields, 'availability_topic');
  const entries = each.slice(0, 8).flatMap((entry): Fields[] => {
    const own = fieldsOf(entry);
    return own ? [own] : [];
  });
  const all: Fields[] =
    single === undefined ? entries : [{ ...fields, topic: single, value_template: fields['availability_template'] }, ...entries];
  return all.flatMap((entry): Availability[] => {
    const topic = textAt(entry, 'topic');
    if (!isTopic(topic)) return [];
    return [
      {
        topic,
        template: parseTemplate(textAt(entry, 'value_template')),
        online: textAt(entry, 'payload_available') ?? 'online',
        offline: textAt(entry, 'payload_not_available') ?? 'offline',
      },
    ];
  });
}

const isTopic = (text: string | undefined): text is string =>
  text !== undefined && text.length > 0 && text.length <= 512 && !/[+#\0]/.test(text);

/** An object with its keys in full words; `undefined` for anything else. */
function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [Object.hasOwn(full, key) ? (full[key] as string) : key, each]));
}

const textAt = (fields: Fields | undefined, key: string): string | undefined => {
  const value = fields?.[key];
  return typeof value === 'string' ? value : undefined;
};

/** Topics with `~` at either end filled in. */
function withBase(fields: Fields): Fields {
  const base = textAt(fields, '~');
  if (base === undefined) return fields;
  const filled = (value: unknown): unknown =>
    typeof value === 'string' ? value.replace(/^~/, () => base).replace(/~$/, () => base) : value;
  const availability = fields['availability'];
  const entries = (Array.isArray(availability) ? availability : availability === undefined ? [] : [availability]).map((entry) => {
    const own = fieldsOf(entry);
    return own ? { ...own, topic: filled(own['topic']) } : entry;
  });
  return {
    ...fields,
    state_topic: filled(fields['state_topic']),
    availability_topic: filled(fields['availability_topic']),
    ...(entries.length > 0 ? { availability: entries } : {}),
  };
}
