/**
 * Oracle credentials: the operator's commands for passwords on the broker, kept as hashes beside the fleet file.
 */
import { Command } from 'commander';
import { addCredential, credentialsBeside, readCredentials, removeCredential } from './door/credentials-file.ts';
import { identitiesOf, type MqttIdentity } from './door/mqtt-rights.ts';
import { readFleet } from './site-file.ts';
import { table } from './table.ts';

interface Reach {
  readonly fleet: string;
  readonly credentials?: string;
  readonly json: boolean;
}

const print = (json: boolean, value: unknown, text: string) =>
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);

/** `sunward oracle credentials add|remove|list`. */
export function credentialsCommand(): Command {
  const credentials = new Command('credentials').description('passwords of sites, feeds and the oracle on the broker');
  const reach = (command: Command) =>
    command
      .requiredOption('--fleet <file>', 'sites and feeds (YAML)')
      .option('--credentials <file>', 'where hashes are kept (default: beside the fleet file)')
      .option('--json', 'print JSON', false);
  const who = 'a site, feed.<ZONE>, or service.oracle';
  reach(
    credentials.command('add').argument('<name>', who).description('make a password, in place of any before; it is printed once'),
  ).action(add);
  reach(credentials.command('remove').argument('<name>', who).description('take a password back; its connections end')).action(remove);
  reach(credentials.command('list').description('who has a password')).action(list);
  return credentials;
}

const placeOf = ({ fleet, credentials }: Reach) => ({
  identities: identitiesOf(readFleet(fleet).sites),
  file: credentials ?? credentialsBeside(fleet),
});

async function add(name: string, reach: Reach): Promise<void> {
  const { identities, file } = placeOf(reach);
  if (!identities.has(name)) throw new RangeError(`${name} is nobody in ${reach.fleet}; allowed: ${[...identities.keys()].join(', ')}`);
  const password = await addCredential(file, name);
  print(reach.json, { name, password, file }, password);
  if (!reach.json) process.stderr.write(`password of ${name}, shown this once; its hash is in ${file}\n`);
}

function remove(name: string, reach: Reach): void {
  const { file } = placeOf(reach);
  if (!removeCredential(file, name)) throw new RangeError(`${name} has no password in ${file}`);
  print(reach.json, { name, file }, `${name} has no password any more`);
}

function list(reach: Reach): void {
  const { identities, file } = placeOf(reach);
  const held = readCredentials(file);
  const names = [...new Set([...identities.keys(), ...held.keys()])];
  const rows = names.map((name) => ({ name, is: wordsFor(identities.get(name)), password: held.has(name) }));
  print(
    reach.json,
    rows,
    table(
      ['NAME', 'IS', 'PASSWORD'],
      rows.map(({ name, is, password }) => [name, is, password ? 'yes' : 'no']),
    ),
  );
}

function wordsFor(identity: MqttIdentity | undefined): string {
  if (!identity) return 'nobody in the fleet: lets nobody in';
  if (identity.kind === 'site') return `site of ${identity.provider}`;
  return identity.kind === 'feed' ? `feed of ${identity.zone}` : 'oracle and scheduler';
}
