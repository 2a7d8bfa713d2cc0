/** What the event stream once got wrong: a reader that does not read kept everything that was told in memory. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { expect, test } from 'vitest';
import { createEventLog } from '../../cli/event-log.ts';

test('a reader that does not read is let go', async () => {
  const events = createEventLog(() => {});
  const app = express();
  let waiting = () => 0;
  app.get('/', (request, response) => {
    waiting = () => response.writableLength;
    events.stream(request, response);
  });
  const server = createServer(app).listen(0);
  const socket = connect((server.address() as AddressInfo).port);
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await sleep(200);
  try {
    for (let i = 0; i < 400; i++) {
      events.tell({ at: '2026-06-01T00:00:00Z', kind: 'system', text: 'x'.repeat(100_000) });
      if (i % 20 === 0) await sleep(1);
    }
    expect(waiting()).toBeLessThan(3_000_000);
  } finally {
    events.close();
    socket.destroy();
    server.closeAllConnections();
    server.close();
  }
});
