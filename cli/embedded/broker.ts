/**
 * Embedded broker: aedes in this process, on one address, for a first run without set-up.
 *
 * Keeps nothing: whoever publishes has a spool. aedes has no byte limit of its own, so every connection passes a guard
 * that reads the declared length of each packet and hangs up before a byte of an oversized one is buffered.
 */
import { createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Aedes } from 'aedes';

/** Largest MQTT packet, bytes; Mosquitto's `max_packet_size` is set to the same. */
export const packetBytesMax = 70_000;
/** Connections at once: 100 sites of four streams apart, and their agents. */
const connectionsMax = 1_000;
const keepaliveSMax = 300;
const clientIdLengthMax = 64;
const connectMsMax = 5_000;
const stopMsMax = 800;

export interface BrokerOptions {
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly log?: (line: string) => void;
}

export interface Broker {
  readonly url: string;
  readonly port: number;
  /** Ends every connection and frees the port within a second. */
  stop(): Promise<void>;
}

/** Starts the broker; rejects with the system's error when the address is taken. */
export async function startBroker({ host = '127.0.0.1', port = 0, log = () => {} }: BrokerOptions = {}): Promise<Broker> {
  const aedes = await Aedes.createBroker({
    connectTimeout: connectMsMax,
    keepaliveLimit: keepaliveSMax,
    maxClientsIdLength: clientIdLengthMax,
    drainTimeout: 10_000, // a subscriber that stops reading is let go: its spool or its sender will ask again
  });
  aedes.on('clientError', (client, error) => log(`broker: ${client.id ?? 'a client'}: ${error.message}`));
  aedes.on('connectionError', (_, error) => log(`broker: before CONNECT: ${error.message}`));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(guarded(socket, packetBytesMax, log));
  });
  server.maxConnections = connectionsMax;
  server.on('drop', () => log(`broker: more than ${connectionsMax} connections, one was turned away`));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', (error) => log(`broker: ${error.message}`));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new RangeError(`expected a TCP address, found ${address}`);
  return {
    url: `mqtt://${host}:${address.port}`,
    port: address.port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.race([
        new Promise<void>((resolve) => aedes.close(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, stopMsMax).unref()),
      ]);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The socket, cut off as soon as a packet declares more than `bytesMax` or a length that MQTT does not know. */
function guarded(socket: Socket, bytesMax: number, log: (line: string) => void): Duplex {
  const measure = packetMeter(bytesMax);
  const stream = new Duplex({
    read: () => {
      socket.resume();
    },
    write: (chunk: Buffer, _, done) => {
      socket.write(chunk, (error) => done(error));
    },
    final: (done) => {
      socket.end(done);
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => {
    const declared = measure(chunk);
    if (declared !== undefined) {
      log(`broker: ${socket.remoteAddress}: a packet of ${declared} bytes, at most ${bytesMax}; connection closed`);
      stream.destroy();
    } else if (!stream.push(chunk)) socket.pause();
  });
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  socket.on('close', () => stream.destroy());
  return stream;
}

/** Follows MQTT's framing (a type byte, 1 to 4 bytes of length, the rest); returns the first declared length above the limit. */
function packetMeter(bytesMax: number): (chunk: Uint8Array) => number | undefined {
  let bodyLeft = 0;
  let lengthBytes = -1; // −1: the next byte is a packet's first
  let declared = 0;
  return (chunk) => {
    for (let i = 0; i < chunk.length; ) {
      if (bodyLeft > 0) {
        const skipped = Math.min(bodyLeft, chunk.length - i);
        bodyLeft -= skipped;
        i += skipped;
        continue;
      }
      const byte = chunk[i++] ?? 0;
      if (lengthBytes < 0) {
        lengthBytes = 0;
        declared = 0;
        continue;
      }
      declared += (byte & 0x7f) * 128 ** lengthBytes++;
      if (declared > bytesMax || lengthBytes > 4) return declared;
      if (byte < 0x80) {
        bodyLeft = declared;
        lengthBytes = -1;
      }
    }
    return undefined;
  };
}
