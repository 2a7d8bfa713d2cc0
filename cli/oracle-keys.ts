/**
 * Oracle keys: the operator's commands for API keys. A key is printed once, when it is made.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type DurationMs, parseDuration, toIso } from '../units/time.ts';
import { type ApiKey, mintKey, standing } from './door/api-key.ts';
import { withKeys } from './door/key-database.ts';
import { type Role, roles } from './door/principal.ts';
import { table } from './table.ts';

interface Reach {
  readonly data: string;
  readonly json: boolean;
}

const subjectPattern = /^[\w.@ -]{1,64}$/;
const duration = (text: string): DurationMs => {
  const parsed = parseDuration(text);
  if (!parsed) throw new InvalidArgumentError('expected a duration such as 90d or P1Y');
  return parsed;
};
const print = (json: boolean, value: unknown, text: string) =>
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);

/** `sunward oracle keys add|list|revoke`. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('API keys: who may do what over HTTP');
  const reach = (command: Command) =>
    command
      .option('--data <folder>', 'data folder of the server, unless DATABASE_URL names a database', '.sunward-live')
      .option('--json', 'print JSON', false);
  reach(keys.command('add').description('make a key; it is printed once and kept as a hash'))
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .option('--for <name>', 'provider id of a provider, owner name of an owner')
    .option('--expires <duration>', 'how long it is good for, such as 90d (default: until it is revoked)', duration)
    .action(add);
  reach(keys.command('list').description('all keys there ever were, oldest first')).action(list);
  reach(keys.command('revoke').argument('<id>').description('end a key, at once')).action(revoke);
  return keys;
}

interface AddOptions extends Reach {
  readonly role: Role;
  readonly for?: string;
  readonly expires?: DurationMs;
}

async function add({ data, json, role, for: subject, expires }: AddOptions, command: Command): Promise<void> {
  const isBound = role === 'provider' || role === 'owner';
  if (isBound && subject === undefined) command.error(`error: a key of role ${role} is somebody's; give --for`);
  if (!isBound && subject !== undefined) command.error(`error: a key of role ${role} is nobody's in particular; leave --for out`);
  if (subject !== undefined && !subjectPattern.test(subject))
    command.error(`error: --for: found ${JSON.stringify(subject)}; allowed: text that matches ${subjectPattern.source}`);
  const createdAt = Date.now();
  const { key, text } = mintKey({ role, subject, createdAt, expiresAt: expires === undefined ? undefined : createdAt + expires });
  await withKeys(data, process.env, (store) => store.add(key));
  print(json, { ...keyWire(key), key: text }, text);
  if (!json) process.stderr.write(`key ${key.id}, ${role}${subject ? ` ${subject}` : ''}; it is shown this once\n`);
}

async function list({ data, json }: Reach): Promise<void> {
  const keys = (await withKeys(data, process.env, (store) => store.list())).map(keyWire);
  const rows = keys.map(({ id, role, for: subject, createdAt, expiresAt, state }) => [
    id,
    role,
    subject ?? '–',
    createdAt,
    expiresAt ?? '–',
    state,
  ]);
  print(json, keys, table(['KEY', 'ROLE', 'FOR', 'MADE', 'UNTIL', 'STATE'], rows));
}

async function revoke(id: string, { data, json }: Reach): Promise<void> {
  const known = await withKeys(data, process.env, (store) => store.revoke(id, Date.now()));
  if (!known) throw new RangeError(`no key ${id}; \`sunward oracle keys list\` tells which there are`);
  print(json, { id, state: 'revoked' }, `${id} revoked`);
}

const keyWire = ({ id, role, subject, createdAt, expiresAt, revokedAt }: ApiKey) => ({
  id,
  role,
  for: subject ?? null,
  createdAt: toIso(createdAt),
  expiresAt: expiresAt === undefined ? null : toIso(expiresAt),
  state: standing({ expiresAt, revokedAt }, Date.now()),
});
