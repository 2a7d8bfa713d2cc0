/**
 * MQTT line: where the broker is and who asks, from a URL and the environment.
 *
 * A name and password in the URL are taken out of it, so that the URL can be told in faults and tables.
 */
import { readFileSync } from 'node:fs';

/** What both floors' MQTT adapters take. */
export interface BrokerLine {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * `MQTT_USERNAME` and `MQTT_PASSWORD`, or files in PEM: `MQTT_CERT` and `MQTT_KEY` of our certificate, `MQTT_CA` of the
 * authority that signed the broker's when it is not a public one. @throws RangeError for a URL or a file that cannot be read
 */
export function brokerLine(url: string, env: Readonly<Record<string, string | undefined>>): BrokerLine {
  if (!URL.canParse(url)) throw new RangeError(`${JSON.stringify(url)} is no broker; allowed: mqtt://host:port or mqtts://host:port`);
  const at = new URL(url);
  const username = env['MQTT_USERNAME'] || decodeURIComponent(at.username);
  const password = env['MQTT_PASSWORD'] || decodeURIComponent(at.password);
  at.username = '';
  at.password = '';
  const pem = (name: 'MQTT_CA' | 'MQTT_CERT' | 'MQTT_KEY') => (env[name] ? pemIn(name, env[name]) : undefined);
  const [ca, cert, key] = [pem('MQTT_CA'), pem('MQTT_CERT'), pem('MQTT_KEY')];
  return {
    url: at.href.replace(/\/$/, ''),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

function pemIn(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RangeError(`${name}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); name a PEM file`, { cause });
  }
}
