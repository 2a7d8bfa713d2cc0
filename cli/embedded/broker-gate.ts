/**
 * Broker gate: who may connect to the embedded broker, and what each may publish, read and take.
 *
 * Plugs into aedes' hooks. Without access rules everybody may do everything, which is for a demo on loopback. Rates are
 * counted per connection and per identity, so that neither one loud connection nor many of one site starve the others.
 */
import type { TLSSocket } from 'node:tls';
import type { Aedes, AedesOptions, AuthenticateError, Client } from 'aedes';
import type { BrokerAccess } from '../door/broker-access.ts';
import { isCovered, type MqttIdentity, type MqttRights, nameOf, rightsOf } from '../door/mqtt-rights.ts';
import { createTokenBucket, createTokenBuckets, type Rate, type TokenBucket } from '../door/token-bucket.ts';
import type { GuardedConnection, Meter } from './packet-guard.ts';

/** What one connection, and all of one site or feed together, may send. */
export interface BrokerRates {
  readonly messages: Rate;
  readonly bytes: Rate;
  /** Connections at once. */
  readonly connections: number;
}

/** A gateway that was away for a week drains within the hour; a hundred sites at once are still taken in turn. */
export const brokerRatesUsual: BrokerRates = {
  messages: { perS: 500, burst: 5_000 },
  bytes: { perS: 1_000_000, burst: 4_000_000 },
  connections: 20,
};
/** Attempts to connect, of one address. */
const attemptRate: Rate = { perS: 50, burst: 500 };

/** Why something was refused; the metric's label. */
export const brokerRefusals = [
  'credentials',
  'attempts',
  'client-id',
  'connections',
  'will',
  'publish',
  'subscribe',
  'packet-size',
] as const;
export type BrokerRefusal = (typeof brokerRefusals)[number];

export interface BrokerGate {
  readonly hooks: Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>;
  /** Lets go of connections whose credential was taken back. */
  sweep(broker: Aedes): void;
}

interface Admitted {
  readonly identity: MqttIdentity;
  readonly name: string;
  readonly rights: MqttRights;
}

export interface BrokerGateOptions {
  readonly access: BrokerAccess;
  readonly rates: BrokerRates;
  readonly onRefused: (why: BrokerRefusal, who: string, what: string) => void;
  readonly broker: () => Aedes;
}

export function createBrokerGate({ access, rates, onRefused, broker }: BrokerGateOptions): BrokerGate {
  const admitted = new WeakMap<Client, Admitted>();
  const connections = new Map<string, number>();
  const messagesOf = createTokenBuckets(rates.messages);
  const bytesOf = createTokenBuckets(rates.bytes);
  const attemptsOf = createTokenBuckets(attemptRate);
  const wordsOf = (client: Client | null) => (client ? (admitted.get(client)?.name ?? 'a stranger') : 'nobody');

  const identify = async (client: Client, name: string | undefined, password: string | undefined): Promise<MqttIdentity | undefined> => {
    const names = certificateNames(client);
    if (names.length === 0) return name === undefined || password === undefined ? undefined : access.byPassword(name, password);
    const identity = access.byCertificate(names);
    return identity && (name === undefined || name === '' || name === nameOf(identity)) ? identity : undefined;
  };
  /** Why an identity that was proven is not let in all the same. */
  const objection = (client: Client, { identity, name, rights }: Admitted): [BrokerRefusal, string] | undefined => {
    const sameId = clientsOf(broker())[client.id];
    const holder = sameId && admitted.get(sameId);
    if (holder && holder.name !== name) return ['client-id', `client id ${client.id} is in use by another`];
    if (identity.kind !== 'service' && (connections.get(name) ?? 0) >= rates.connections)
      return ['connections', `more than ${rates.connections} connections at once`];
    const will = willOf(client);
    return will !== undefined && !isCovered(rights.publish, will) ? ['will', `may not leave a will on ${will}`] : undefined;
  };
  const admit = (client: Client, who: Admitted) => {
    admitted.set(client, who);
    connections.set(who.name, (connections.get(who.name) ?? 0) + 1);
    const connection = connectionOf(client);
    connection.once('close', () => {
      const left = (connections.get(who.name) ?? 1) - 1;
      if (left > 0) connections.set(who.name, left);
      else connections.delete(who.name);
    });
    connection.admit(who.identity.kind === 'service' ? undefined : meterOf(who.name));
  };
  const meterOf = (name: string): Meter => {
    const now = performance.now();
    const own = { messages: createTokenBucket(rates.messages), bytes: createTokenBucket(rates.bytes) };
    const shared = { messages: messagesOf(name, now), bytes: bytesOf(name, now) };
    const owed = (kind: 'messages' | 'bytes', count: number, at: number) =>
      Math.max(...[own[kind], shared[kind]].map((bucket: TokenBucket) => bucket.owe(at, count)));
    return (bytes, publishes) => {
      const at = performance.now();
      return Math.max(owed('bytes', bytes, at), owed('messages', publishes, at));
    };
  };

  return {
    hooks: {
      preConnect: (client, packet, done) => {
        // what outlives a connection is the spools' and the receipts'; a session kept for somebody absent only grows
        packet.clean = true;
        const address = connectionOf(client).socket.remoteAddress ?? '';
        const wait = attemptsOf(address, performance.now()).take(performance.now());
        if (wait === 0) return done(null, true);
        onRefused('attempts', address, 'connects too often');
        done(new Error('too many attempts to connect'), false);
      },
      authenticate: (client, name, password, done) => {
        const refuse = (returnCode: 2 | 4 | 5, why: BrokerRefusal, who: string, what: string) => {
          onRefused(why, who, what);
          done(Object.assign(new Error(what), { returnCode }) as AuthenticateError, false);
        };
        identify(client, name, password?.toString('utf8'))
          .then((identity) => {
            if (!identity) return refuse(4, 'credentials', name ?? 'a client without a name', 'no such name, password or certificate');
            const who = { identity, name: nameOf(identity), rights: rightsOf(identity) };
            const against = objection(client, who);
            if (against) return refuse(against[0] === 'client-id' ? 2 : 5, against[0], who.name, against[1]);
            admit(client, who);
            done(null, true);
          })
          .catch((fault) => refuse(5, 'credentials', name ?? '', String(fault)));
      },
      authorizePublish: (client, packet, done) => {
        const who = client && admitted.get(client);
        if (!who || !isCovered(who.rights.publish, packet.topic)) {
          onRefused('publish', wordsOf(client), `may not publish on ${packet.topic}`);
          return done(new Error('not authorized'));
        }
        // only what the service says lies here for those who come later: the memory it takes is its own
        if (who.identity.kind !== 'service') packet.retain = false;
        done(null);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const who = admitted.get(client);
        if (who && isCovered(who.rights.read, subscription.topic)) return done(null, subscription);
        onRefused('subscribe', wordsOf(client), `may not read ${subscription.topic}`);
        done(null, null);
      },
      authorizeForward: (client, packet) => {
        const who = admitted.get(client);
        return who && isCovered(who.rights.read, packet.topic) ? packet : null;
      },
    },
    sweep: (aedes) => {
      for (const client of Object.values(clientsOf(aedes))) {
        const who = admitted.get(client);
        if (!who || access.isCurrent(who.identity)) continue;
        onRefused('credentials', who.name, 'its password was taken back or replaced');
        client.close();
      }
    },
  };
}

/** Connected clients by id; aedes' types leave them out. */
const clientsOf = (broker: Aedes) => (broker as unknown as { readonly clients: Readonly<Record<string, Client>> }).clients;

const connectionOf = (client: Client) => client.conn as unknown as GuardedConnection;

/** aedes has read the will by now and keeps it here until the client is in. */
const willOf = (client: Client): string | undefined => (client as unknown as { _will?: { topic: string } | null })._will?.topic;

/** Names in the certificate of a connection, when it showed one that our authority signed. */
function certificateNames(client: Client): readonly string[] {
  const socket = connectionOf(client).socket as Partial<TLSSocket>;
  if (!socket.authorized || !socket.getPeerCertificate) return [];
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  const common = subject?.CN;
  const alternative = subjectaltname.split(', ').flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice('DNS:'.length)] : []));
  return [...(typeof common === 'string' ? [common] : (common ?? [])), ...alternative];
}
