/**
 * Broker access: from a user name and password, or a certificate, to an identity, for the embedded broker.
 *
 * The fleet says who there is, the credentials file whose password is what; the file is read again when it changes, so
 * that adding or removing a credential needs no restart. The service of this very process has a password that is drawn at
 * every start and stands nowhere.
 */
import { statSync } from 'node:fs';
import { readCredentials } from './credentials-file.ts';
import { type MqttIdentity, nameOf, serviceName } from './mqtt-rights.ts';
import { hashPassword, isPassword, makePassword } from './password-hash.ts';

export interface BrokerAccess {
  /** The identity of a name and password; `undefined` when there is none or the password is another. */
  byPassword(name: string, password: string): Promise<MqttIdentity | undefined>;
  /** The identity of the names in a certificate that was verified: its common name first, then the alternative names. */
  byCertificate(names: readonly string[]): MqttIdentity | undefined;
  /** Whether a password that was right is so still; certificates are checked at every connect. */
  isCurrent(identity: MqttIdentity): boolean;
}

export interface OwnAccess extends BrokerAccess {
  /** The service's own, for connecting from this process. */
  readonly service: { readonly username: string; readonly password: string };
}

/** @param file  need not be there: then nobody but the service may connect with a password */
export function createFileAccess(identities: ReadonlyMap<string, MqttIdentity>, file: string, log: (line: string) => void): OwnAccess {
  const service = { username: serviceName, password: makePassword() };
  const ownHash = hashPassword(service.password);
  /** Of a name that is not there: comparing takes as long as with one that is. */
  const noHash = hashPassword(makePassword());
  let known: ReadonlyMap<string, string> = new Map();
  let mark = 'never read';
  const credentials = () => {
    const { mtimeMs, size, ino } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0, ino: 0 };
    const now = `${mtimeMs} ${size} ${ino}`;
    if (now === mark) return known;
    mark = now;
    try {
      known = readCredentials(file);
    } catch (fault) {
      log(`${String(fault)}; the credentials before it stand`);
    }
    return known;
  };
  credentials();
  /** What a password was checked against, by name. */
  const admitted = new Map<string, string>();
  return {
    service,
    byPassword: async (name, password) => {
      const hash = credentials().get(name);
      const isOwn = name === serviceName && (await isPassword(await ownHash, password));
      if (!isOwn && !(await isPassword(hash ?? (await noHash), password))) return undefined;
      if (!isOwn && hash) admitted.set(name, hash);
      return identities.get(name);
    },
    byCertificate: (names) => names.map((name) => identities.get(name)).find((identity) => identity !== undefined),
    isCurrent: (identity) => {
      const before = admitted.get(nameOf(identity));
      return before === undefined || credentials().get(nameOf(identity)) === before;
    },
  };
}
