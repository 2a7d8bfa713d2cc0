/**
 * Embedded broker: aedes in this process, on one address for this process, and on another for everybody else.
 *
 * Keeps nothing: whoever publishes has a spool. aedes has no byte limit of its own, so every connection passes a guard
 * that hangs up before a byte of an oversized packet is buffered; who may do what is the gate's.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import type { BrokerAccess } from '../door/broker-access.ts';
import { createTokenBucket } from '../door/token-bucket.ts';
import { type BrokerRates, type BrokerRefusal, brokerRatesUsual, brokerRefusals, createBrokerGate } from './broker-gate.ts';
import { guardConnection } from './packet-guard.ts';

/** Largest MQTT packet, bytes; Mosquitto's `max_packet_size` is set to the same. */
export const packetBytesMax = 70_000;
/** Connections at once: 100 sites of four streams apart, and their agents. */
export const connectionsMax = 1_000;
export const keepaliveSMax = 300;
/** Messages that may await an acknowledgement, of one connection. */
export const inflightMax = 100;
const clientIdLengthMax = 64;
const connectMsMax = 5_000;
const stopMsMax = 800;
/** A far end that is gone without a word is noticed after this and some probes of the system's. */
const probeAfterMs = 60_000;
const sweepEveryMs = 2_000;
/** Lines about refusals; beyond it they are counted and left out. */
const refusalLinesPerS = 5;

/** Where others connect, over TLS. */
export interface OuterListener {
  readonly host: string;
  readonly port: number;
  /** PEM of the certificate and its key. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authority that signs clients' certificates; without it only passwords are taken. */
  readonly clientCa?: string | undefined;
}

export interface BrokerOptions {
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** Who may connect and do what; without it everybody everything. */
  readonly access?: BrokerAccess;
  readonly rates?: BrokerRates;
  readonly outer?: OuterListener;
}

/** Since the start, but for what is connected now. */
export interface BrokerStats {
  readonly connections: number;
  readonly messages: number;
  readonly bytes: { readonly in: number; readonly out: number };
  readonly throttled: number;
  readonly refused: Readonly<Record<BrokerRefusal, number>>;
}

export interface Broker {
  readonly url: string;
  readonly port: number;
  /** Of the outer listener. */
  readonly outerUrl: string | undefined;
  stats(): BrokerStats;
  /** Ends every connection and frees the port within a second. */
  stop(): Promise<void>;
}

/** Starts the broker; rejects with the system's error when an address is taken. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { host = '127.0.0.1', port = 0, log = () => {}, access, rates = brokerRatesUsual, outer } = options;
  const count = { messages: 0, throttled: 0, bytes: { in: 0, out: 0 } };
  const refused = Object.fromEntries(brokerRefusals.map((why) => [why, 0])) as Record<BrokerRefusal, number>;
  const say = bounded(log, refusalLinesPerS);
  const onRefused = (why: BrokerRefusal, who: string, what: string) => {
    refused[why] += 1;
    say(`broker: ${who}: ${what}`);
  };
  const gate = access && createBrokerGate({ access, rates, onRefused, broker: () => aedes });
  const aedes: Aedes = await Aedes.createBroker({
    connectTimeout: connectMsMax,
    keepaliveLimit: keepaliveSMax,
    maxClientsIdLength: clientIdLengthMax,
    maxInflightInbound: inflightMax,
    drainTimeout: 10_000, // a subscriber that stops reading is let go: its spool or its sender will ask again
    ...gate?.hooks,
  });
  aedes.on('publish', (_, client) => {
    if (client) count.messages += 1;
  });
  aedes.on('clientError', (client, error) => say(`broker: ${client.id ?? 'a client'}: ${error.message}`));
  aedes.on('connectionError', (_, error) => say(`broker: before CONNECT: ${error.message}`));
  (aedes as NodeJS.EventEmitter).on('error', (error: Error) => say(`broker: ${error.message}`));
  const sockets = new Set<Socket>();
  const arrived = (socket: Socket) => {
    socket.setKeepAlive(true, probeAfterMs);
    const from = socket.remoteAddress ?? 'a client';
    aedes.handle(
      guardConnection(socket, {
        packetBytesMax,
        onCut: (why) => onRefused('packet-size', from, `${why}; connection closed`),
        onBytes: (direction, bytes) => {
          count.bytes[direction] += bytes;
        },
        onThrottled: (waitMs) => {
          count.throttled += 1;
          say(`broker: ${from}: over its rate, read again in ${waitMs} ms`);
        },
      }),
    );
  };
  const servers: Server[] = [];
  const listen = async (server: Server, onHost: string, onPort: number): Promise<number> => {
    server.maxConnections = connectionsMax;
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('drop', () => say(`broker: more than ${connectionsMax} connections, one was turned away`));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(onPort, onHost, resolve);
    });
    server.on('error', (error) => log(`broker: ${error.message}`));
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new RangeError(`expected a TCP address, found ${address}`);
    return address.port;
  };
  const stop = async () => {
    clearInterval(sweeping);
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    await Promise.race([
      new Promise<void>((resolve) => aedes.close(resolve)),
      new Promise<void>((resolve) => setTimeout(resolve, stopMsMax).unref()),
    ]);
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  const sweeping = setInterval(() => gate?.sweep(aedes), sweepEveryMs).unref();
  try {
    const innerPort = await listen(createServer({ noDelay: true }, arrived), host, port);
    const outerPort = outer && (await listen(tlsServer(outer, arrived, say), outer.host, outer.port));
    return {
      url: `mqtt://${host}:${innerPort}`,
      port: innerPort,
      outerUrl: outer && `mqtts://${outer.host}:${outerPort}`,
      stats: () => ({ connections: aedes.connectedClients, ...count, bytes: { ...count.bytes }, refused: { ...refused } }),
      stop,
    };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** A certificate is asked for when there is an authority to check it by; who shows none may have a password. */
function tlsServer({ cert, key, clientCa }: OuterListener, arrived: (socket: Socket) => void, say: (line: string) => void): Server {
  const server = createTlsServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: connectMsMax,
      noDelay: true,
      ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
    },
    (socket) => {
      // a certificate that cannot be verified is worse than none
      if (clientCa !== undefined && !socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) {
        say(`broker: ${socket.remoteAddress}: its certificate is not to be trusted: ${String(socket.authorizationError)}`);
        socket.destroy();
      } else arrived(socket);
    },
  );
  server.on('tlsClientError', (error, socket) => say(`broker: ${socket.remoteAddress}: TLS: ${error.message}`));
  return server;
}

/** At most so many lines a second; how many were left out is told with the next. */
function bounded(log: (line: string) => void, perS: number): (line: string) => void {
  const bucket = createTokenBucket({ perS, burst: 10 * perS });
  let leftOut = 0;
  return (line) => {
    if (bucket.take(performance.now()) > 0) {
      leftOut += 1;
      return;
    }
    log(leftOut > 0 ? `${line} (and ${leftOut} more lines)` : line);
    leftOut = 0;
  };
}
