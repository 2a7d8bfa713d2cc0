/**
 * Door metrics: who connects and asks, and what was refused, on the broker and over HTTP.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Answered } from '../door/gate.ts';
import type { BrokerStats } from '../embedded/broker.ts';
import { setTotal } from './totals.ts';

const requestBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export interface DoorMetrics {
  readonly answered: (answered: Answered) => void;
  refresh(): void;
}

/** @param stats  of the embedded broker; without it nothing is told of brokers */
export function createDoorMetrics(registry: Registry, stats: (() => BrokerStats) | undefined): DoorMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'sunward_http_requests_total',
    help: 'Requests that were answered; `none` is no route.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'sunward_http_request_seconds',
    help: 'How long answers took.',
    labelNames: ['route'],
    buckets: requestBuckets,
    registers,
  });
  const answered = ({ method, route = 'none', status, ms }: Answered) => {
    requests.inc({ method: route === 'none' ? 'ANY' : method, route, status: String(status) });
    if (route !== '/v1/events') duration.observe({ route }, ms / 1_000); // a stream is over when its reader goes
  };
  if (!stats) return { answered, refresh: () => {} };
  const connections = new Gauge({
    name: 'sunward_broker_connections',
    help: 'Clients that are connected to the embedded broker.',
    registers,
  });
  const messages = new Counter({
    name: 'sunward_broker_messages_received_total',
    help: 'Messages that clients published and were let through.',
    registers,
  });
  const bytes = new Counter({ name: 'sunward_broker_bytes_total', help: 'Bytes of MQTT packets.', labelNames: ['direction'], registers });
  const refused = new Counter({
    name: 'sunward_broker_refused_total',
    help: 'What was refused, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const throttled = new Counter({
    name: 'sunward_broker_throttled_total',
    help: 'How often a connection was made to wait for its rate.',
    registers,
  });
  return {
    answered,
    refresh: () => {
      const now = stats();
      connections.set(now.connections);
      setTotal(messages, {}, now.messages);
      setTotal(throttled, {}, now.throttled);
      for (const direction of ['in', 'out'] as const) setTotal(bytes, { direction }, now.bytes[direction]);
      for (const [reason, count] of Object.entries(now.refused)) setTotal(refused, { reason }, count);
    },
  };
}
