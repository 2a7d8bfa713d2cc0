/**
 * Event log: what is worth telling, numbered, bounded, for the terminal and for readers of `/v1/events` that resume.
 */
import type { Request, Response } from 'express';
import type { EventWire } from '../scheduler/wire.ts';

/** How many events a late reader may still get. */
const keptMax = 1_000;
const heartbeatMs = 15_000;
/** What may wait for a reader that does not read, bytes; beyond it the reader is let go and may resume. */
const backlogBytesMax = 1_048_576;

export interface EventLog {
  tell(event: Omit<EventWire, 'id'>): void;
  /** Server-sent events from `Last-Event-ID` (or `?after=`) on, until the reader goes away. */
  stream(request: Request, response: Response): void;
  close(): void;
}

/** @param onEvent  hears every event once, e.g. to print it */
export function createEventLog(onEvent: (event: EventWire) => void): EventLog {
  const kept: EventWire[] = [];
  const readers = new Set<Response>();
  let nextId = 1;
  const write = (reader: Response, text: string) => {
    if (reader.writableLength <= backlogBytesMax) reader.write(text);
    else {
      readers.delete(reader);
      reader.destroy();
    }
  };
  const frame = (event: EventWire) => `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`;
  const heartbeat = setInterval(() => {
    for (const reader of readers) write(reader, ': still here\n\n');
  }, heartbeatMs);
  heartbeat.unref();
  return {
    tell(told) {
      const event = { id: nextId++, ...told };
      kept.push(event);
      if (kept.length > keptMax) kept.shift();
      for (const reader of readers) write(reader, frame(event));
      onEvent(event);
    },
    stream(request, response) {
      const asked = Number(request.get('Last-Event-ID') ?? request.query['after'] ?? 0) || 0;
      const after = asked < nextId ? asked : 0; // a number of a life before this one: everything is new to its reader
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'keep-alive' });
      if (request.method === 'HEAD') return void response.end();
      response.write(
        kept
          .filter(({ id }) => id > after)
          .map(frame)
          .join('') || ': no events yet\n\n',
      );
      readers.add(response);
      request.on('close', () => readers.delete(response));
    },
    close() {
      clearInterval(heartbeat);
      for (const reader of readers) reader.end();
    },
  };
}
