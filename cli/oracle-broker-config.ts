/**
 * Oracle broker-config: writes what a Mosquitto needs to serve a fleet as the embedded broker would.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { credentialsBeside, readCredentials } from './door/credentials-file.ts';
import { isLoopback } from './door/exposure.ts';
import { mosquittoFiles } from './door/mosquitto-config.ts';
import { identitiesOf, serviceName } from './door/mqtt-rights.ts';
import { connectionsMax, inflightMax, keepaliveSMax, packetBytesMax } from './embedded/broker.ts';
import { readFleet } from './site-file.ts';

interface BrokerConfigOptions {
  readonly fleet: string;
  readonly credentials?: string;
  readonly out: string;
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly certPort: number;
  readonly insecure: boolean;
  readonly json: boolean;
}

const portNumber = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('expected a port from 1 to 65535');
  return port;
};

/** `sunward oracle broker-config`. */
export function brokerConfigCommand(): Command {
  return new Command('broker-config')
    .description('write mosquitto.conf, passwords and acl for a Mosquitto that serves this fleet')
    .requiredOption('--fleet <file>', 'sites and feeds (YAML)')
    .option('--credentials <file>', 'hashes of passwords (default: beside the fleet file)')
    .requiredOption('--out <folder>', 'where the files go; those of an earlier run are replaced')
    .option('--host <address>', 'that it listens on', '0.0.0.0')
    .option('--port <port>', 'for passwords', portNumber, 8883)
    .option('--tls-cert <file>', 'its certificate (PEM)')
    .option('--tls-key <file>', 'the key of its certificate (PEM)')
    .option('--client-ca <file>', 'authority of clients’ certificates (PEM); opens a listener for them')
    .option('--cert-port <port>', 'for clients’ certificates', portNumber, 8884)
    .option('--insecure', 'without TLS, on whatever address', false)
    .option('--json', 'print JSON', false)
    .action(writeConfig);
}

function writeConfig(options: BrokerConfigOptions): void {
  const { fleet, out, host, port, tlsCert, tlsKey, clientCa, certPort, insecure, json } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new RangeError('--tls-cert and --tls-key go together; give both or neither');
  if (tlsCert === undefined && !insecure && !isLoopback(host))
    throw new RangeError(
      `passwords would cross the network in the clear on ${host}; give --tls-cert and --tls-key, or --insecure to insist`,
    );
  if (clientCa !== undefined && tlsCert === undefined) throw new RangeError('--client-ca needs --tls-cert and --tls-key');
  const identities = identitiesOf(readFleet(fleet).sites);
  const credentials = readCredentials(options.credentials ?? credentialsBeside(fleet));
  const folder = resolve(out);
  const files = mosquittoFiles({
    identities,
    credentials,
    folder,
    host,
    port,
    tls: tlsCert && tlsKey ? { cert: resolve(tlsCert), key: resolve(tlsKey) } : undefined,
    certificates: clientCa === undefined ? undefined : { ca: resolve(clientCa), port: certPort },
    limits: { packetBytes: packetBytesMax, connections: connectionsMax, keepaliveS: keepaliveSMax, inflight: inflightMax },
  });
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o640 });
  const without = [...identities.keys()].filter((name) => !credentials.has(name));
  const url = `${tlsCert ? 'mqtts' : 'mqtt'}://${host === '0.0.0.0' ? '<this machine>' : host}:${port}`;
  if (json) process.stdout.write(`${JSON.stringify({ folder, files: Object.keys(files), without }, null, 2)}\n`);
  else
    process.stdout.write(
      `${Object.keys(files)
        .map((name) => join(folder, name))
        .join('\n')}\n`,
    );
  const notes = [
    'Mosquitto gives up root before it reads them: chown the folder and the key to its account when it starts as root',
    `serve uses it with MQTT_URL=${url} MQTT_USERNAME=${serviceName} MQTT_PASSWORD=… MQTT_BINDS_SITES=1`,
    ...(without.length > 0 ? [`without a password: ${without.join(', ')}`] : []),
  ];
  process.stderr.write(`${notes.join('\n')}\n`);
}
