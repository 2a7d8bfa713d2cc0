/**
 * Packet guard: what every connection of the embedded broker passes before the broker sees a byte of it.
 *
 * Follows MQTT's framing only as far as lengths go: an oversized packet is cut off before it is buffered, what comes
 * before the connection is admitted is bounded, and a connection over its rate is read no faster than that. Waiting for
 * slow senders and drains is the broker's.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Told what came, returns how long to wait before more is read, ms. */
export type Meter = (bytes: number, publishes: number) => number;

export interface GuardOptions {
  /** Largest packet, bytes. */
  readonly packetBytesMax: number;
  /** Told why a connection is cut off. */
  readonly onCut: (why: string) => void;
  readonly onBytes?: (direction: 'in' | 'out', bytes: number) => void;
  /** Told when a connection is made to wait, ms. */
  readonly onThrottled?: (waitMs: number) => void;
}

/** A connection as the broker gets it. */
export interface GuardedConnection extends Duplex {
  readonly socket: Socket;
  /** From here on it is somebody's: what came before no longer counts, and the meter says how fast it is read. */
  admit(meter: Meter | undefined): void;
}

export function guardConnection(socket: Socket, { packetBytesMax, onCut, onBytes, onThrottled }: GuardOptions): GuardedConnection {
  const measure = packetMeter(packetBytesMax);
  let strangerBytes = 0;
  let admitted = false;
  let meter: Meter | undefined;
  let waiting: NodeJS.Timeout | undefined;
  const stream = new Duplex({
    read: () => {
      if (!waiting) socket.resume();
    },
    write: (chunk: Buffer, _, done) => {
      onBytes?.('out', chunk.length);
      socket.write(chunk, (error) => done(error));
    },
    final: (done) => {
      socket.end(done);
    },
    destroy: (error, done) => {
      clearTimeout(waiting);
      socket.destroy();
      done(error);
    },
  });
  const cut = (why: string) => {
    onCut(why);
    stream.destroy();
  };
  const pauseFor = (waitMs: number) => {
    socket.pause();
    onThrottled?.(waitMs);
    waiting = setTimeout(() => {
      waiting = undefined;
      socket.resume();
    }, waitMs);
  };
  socket.on('data', (chunk: Buffer) => {
    onBytes?.('in', chunk.length);
    const { oversized, publishes } = measure(chunk);
    if (oversized !== undefined) return cut(`a packet of ${oversized} bytes, at most ${packetBytesMax}`);
    if (!admitted) {
      strangerBytes += chunk.length;
      if (strangerBytes > packetBytesMax + chunk.length) return cut(`${strangerBytes} bytes before it was let in`);
    }
    const waitMs = meter?.(chunk.length, publishes) ?? 0;
    if (!stream.push(chunk)) socket.pause();
    if (waitMs > 0 && !waiting) pauseFor(waitMs);
  });
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(error));
  socket.on('close', () => stream.destroy());
  return Object.assign(stream, {
    socket,
    admit: (given: Meter | undefined) => {
      admitted = true;
      meter = given;
    },
  });
}

/**
 * Follows MQTT's framing (a type byte, 1 to 4 bytes of length, the rest): the first declared length above the limit, and
 * how many PUBLISH packets began.
 */
function packetMeter(bytesMax: number): (chunk: Uint8Array) => { readonly oversized: number | undefined; readonly publishes: number } {
  const publishType = 3;
  let bodyLeft = 0;
  let lengthBytes = -1; // −1: the next byte is a packet's first
  let declared = 0;
  return (chunk) => {
    let publishes = 0;
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
        if (byte >> 4 === publishType) publishes++;
        continue;
      }
      declared += (byte & 0x7f) * 128 ** lengthBytes++;
      if (declared > bytesMax || lengthBytes > 4) return { oversized: declared, publishes };
      if (byte < 0x80) {
        bodyLeft = declared;
        lengthBytes = -1;
      }
    }
    return { oversized: undefined, publishes };
  };
}
