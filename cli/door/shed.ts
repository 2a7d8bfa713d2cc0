/**
 * Shed: keeps a flood of connections that never ask anything from keeping others out.
 *
 * A connection is idle until its first request is whole. When too many are, the oldest idle one is let go for the
 * newest; one that has asked is left to the server's own limits.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Watches a server's connections; at most `idleMax` of them have not asked yet. */
export function shedIdle(server: Server, idleMax: number): void {
  const idle = new Map<string, Socket>(); // oldest first; by its far end, which TLS does not change
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    idle.set(name, socket);
    socket.once('close', () => idle.get(name) === socket && idle.delete(name));
    for (const [other, oldest] of idle) {
      if (idle.size <= idleMax) break;
      idle.delete(other);
      oldest.destroy();
    }
  });
  server.prependListener('request', ({ socket }) => void idle.delete(nameOf(socket)));
}
