/**
 * Stub: a server on the loopback that answers as a signal service is documented to, and an asker without patience.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { createHttpAsker, type HttpAskerPorts } from '../../../energy-oracle/signals/http-asker.ts';
import type { SignalAnswer, SignalQuestion, SignalSource } from '../../../energy-oracle/signals/signal-source.ts';
import { manualClock } from '../../../units/clock.ts';
import type { Instant } from '../../../units/time.ts';

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

export interface Stub {
  readonly url: string;
  /** Every question that came, with its address as a URL. */
  readonly asked: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[];
}

/** Answers every question by `reply`; nothing is said when it gives `undefined`. */
export async function stubServer(
  reply: (url: URL, attempt: number, headers: IncomingMessage['headers']) => Reply | undefined,
): Promise<Stub> {
  const asked: Stub['asked'] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://stub');
    asked.push({ url, headers: request.headers });
    const said = reply(url, asked.length, request.headers);
    if (!said) return;
    response
      .writeHead(said.status ?? 200, said.headers)
      .end(typeof said.body === 'object' ? JSON.stringify(said.body) : (said.body ?? '{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** An asker on a clock that stands where it is set and moves on when somebody waits. */
export function askerAt(now: Instant, more: Partial<HttpAskerPorts> = {}) {
  const clock = manualClock(now);
  const waits: number[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
    clock.set(clock.now() + ms);
  };
  const asker = createHttpAsker({ source: 'stub', clock, wait, random: () => 1, timeoutMs: 20_000, ...more });
  return { asker, clock, waits, now: () => clock.now() };
}

/** The answer of a source, which must be one. */
export async function answerFrom(source: SignalSource, question: SignalQuestion): Promise<SignalAnswer> {
  const answer = await source.ask(question);
  if (answer.kind === 'unreadable') throw new Error(`${answer.reason}: ${answer.detail}`);
  return answer;
}
