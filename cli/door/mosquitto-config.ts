/**
 * Mosquitto config: the files that make a Mosquitto do what the embedded broker does, from the same rights and credentials.
 *
 * One listener for passwords, and one for certificates when there is an authority to check them by: Mosquitto takes one
 * or the other on a listener. Texts only; who writes them where is the command's.
 */
import { credentialsText } from './credentials-file.ts';
import { type MqttIdentity, rightsOf } from './mqtt-rights.ts';

export interface MosquittoOptions {
  readonly identities: ReadonlyMap<string, MqttIdentity>;
  /** Hashes by name; those of nobody in the fleet are left out. */
  readonly credentials: ReadonlyMap<string, string>;
  /** Absolute folder that the files will lie in. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Absolute paths of PEM files; without them it listens without TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Absolute path of the authority of clients' certificates, and the port they come to. */
  readonly certificates?: { readonly ca: string; readonly port: number } | undefined;
  /** The embedded broker's own. */
  readonly limits: { readonly packetBytes: number; readonly connections: number; readonly keepaliveS: number; readonly inflight: number };
}

/** Texts by file name. */
export function mosquittoFiles(options: MosquittoOptions): Readonly<Record<'mosquitto.conf' | 'passwords' | 'acl', string>> {
  const { identities, credentials } = options;
  const known = new Map([...credentials].filter(([name]) => identities.has(name)));
  return { 'mosquitto.conf': confText(options), passwords: credentialsText(known), acl: aclText(identities) };
}

function confText({ folder, host, port, tls, certificates, limits }: MosquittoOptions): string {
  const listener = (at: number, ...more: readonly string[]) => [
    '',
    `listener ${at} ${host}`,
    'allow_anonymous false',
    `acl_file ${folder}/acl`,
    `max_connections ${limits.connections}`,
    ...(tls ? [`certfile ${tls.cert}`, `keyfile ${tls.key}`, 'tls_version tlsv1.2'] : []),
    ...more,
  ];
  return [
    '# Made by `sunward oracle broker-config`; make it anew rather than changing it.',
    'per_listener_settings true',
    '# Keeps nothing: spools and receipts carry durability. Nothing is told of the broker itself.',
    'persistence false',
    'sys_interval 0',
    `max_packet_size ${limits.packetBytes}`,
    `max_keepalive ${limits.keepaliveS}`,
    `max_inflight_messages ${limits.inflight}`,
    'set_tcp_nodelay true',
    'max_queued_messages 1000',
    'max_queued_bytes 10000000',
    'persistent_client_expiration 1h',
    'log_dest stderr',
    ...listener(port, `password_file ${folder}/passwords`),
    ...(tls && certificates
      ? listener(certificates.port, `cafile ${certificates.ca}`, 'require_certificate true', 'use_identity_as_username true')
      : []),
    '',
  ].join('\n');
}

function aclText(identities: ReadonlyMap<string, MqttIdentity>): string {
  const parts = [...identities].map(([name, identity]) => {
    const { publish, read } = rightsOf(identity);
    return [`user ${name}`, ...publish.map((filter) => `topic write ${filter}`), ...read.map((filter) => `topic read ${filter}`)].join(
      '\n',
    );
  });
  return `# Made by \`sunward oracle broker-config\`. What is not listed is refused.\n\n${parts.join('\n\n')}\n`;
}
