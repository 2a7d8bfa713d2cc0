/**
 * What the page knows of the river: polled resources and one stream of events, at the page's own origin.
 *
 * Owns fetch, EventSource and their limits; components get values. A resource polls only while the page is visible,
 * one request at a time, and sooner when an event says it changed. A failed poll keeps the last known value and says
 * since when it is old; nothing is ever filled in.
 */
import { useEffect, useRef, useState } from 'react';
import type { EventWire } from '../scheduler/wire.ts';
import { EVENTS_KEPT_MAX, withBatch } from './event-batch.ts';

const POLL_MS = 2_000;
/** Least time between two requests for one resource, however many events ask for it. */
const NUDGE_GAP_MS = 800;
const REQUEST_TIMEOUT_MS = 10_000;
/** Events are shown in batches, so that a fast virtual clock cannot drown the page. */
const EVENT_BATCH_MS = 250;
/** Wait before a stream that the browser gave up on is opened anew. */
const STREAM_RETRY_MS = 3_000;

export type Resource<T> =
  | { readonly kind: 'loading' }
  /** The river answers that there is no such thing (404): nothing is wrong, there is only nothing yet. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'ready'; readonly value: T; readonly fault: string | undefined }
  | { readonly kind: 'failed'; readonly fault: string };

/** The value of a resource, whether fresh or last known; `undefined` before the first answer. */
export const lastKnown = <T>(resource: Resource<T>): T | undefined => (resource.kind === 'ready' ? resource.value : undefined);

async function getJson<T>(path: string, signal: AbortSignal): Promise<Resource<T>> {
  const response = await fetch(new URL(path, document.baseURI), {
    headers: { accept: 'application/json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
  });
  if (response.status === 404) return { kind: 'absent' };
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${response.statusText}`.trim());
  return { kind: 'ready', value: (await response.json()) as T, fault: undefined };
}

/** Calls `load` every `everyMs` while the page is visible, never twice at once; `nudge` asks for an earlier turn. */
function startPolling(load: () => Promise<void>, everyMs: number): { nudge(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let busy = false;
  let again = false;
  let stopped = false;
  let startedAt = Number.NEGATIVE_INFINITY;

  const turn = async () => {
    clearTimeout(timer);
    if (stopped || busy || document.hidden) return;
    busy = true;
    again = false;
    startedAt = performance.now();
    await load();
    busy = false;
    if (!stopped) timer = setTimeout(turn, again ? NUDGE_GAP_MS : everyMs);
  };
  const nudge = () => {
    if (busy) again = true;
    else {
      clearTimeout(timer);
      timer = setTimeout(turn, Math.max(0, startedAt + NUDGE_GAP_MS - performance.now()));
    }
  };
  const wake = () => void turn();
  document.addEventListener('visibilitychange', wake);
  void turn();
  return {
    nudge,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
    },
  };
}

/**
 * A resource of the API, kept fresh.
 *
 * @param path      relative to the page; `undefined` asks for nothing and stays loading
 * @param revision  any number that changes when an event says the resource did
 */
export function useResource<T>(path: string | undefined, revision = 0, everyMs = POLL_MS): Resource<T> {
  const [held, setHeld] = useState<{ path: string | undefined; resource: Resource<T> }>({ path, resource: { kind: 'loading' } });
  const nudge = useRef<(() => void) | undefined>(undefined);

  useEffect(() => {
    if (path === undefined) return;
    const controller = new AbortController();
    const load = async () => {
      try {
        const resource = await getJson<T>(path, controller.signal);
        if (!controller.signal.aborted) setHeld({ path, resource });
      } catch (error) {
        if (controller.signal.aborted) return;
        const fault = error instanceof Error ? error.message : String(error);
        setHeld((last) =>
          last.path === path && last.resource.kind === 'ready'
            ? { path, resource: { ...last.resource, fault } }
            : { path, resource: { kind: 'failed', fault } },
        );
      }
    };
    const polling = startPolling(load, everyMs);
    nudge.current = polling.nudge;
    return () => {
      controller.abort();
      polling.stop();
      nudge.current = undefined;
    };
  }, [path, everyMs]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision is the reason to ask again
  useEffect(() => {
    nudge.current?.();
  }, [revision]);

  return held.path === path ? held.resource : { kind: 'loading' };
}

export type Connection = 'connecting' | 'live' | 'reconnecting';
type Revisions = Readonly<Partial<Record<EventWire['kind'], number>>>;

export interface EventStream {
  readonly connection: Connection;
  /** Newest first, at most `EVENTS_KEPT_MAX`. */
  readonly events: readonly EventWire[];
  /** Events seen of each kind: a resource that depends on a kind passes its count as revision. */
  readonly revisions: Revisions;
}

/** Sum of the revisions of the given kinds. */
export const revisionOf = (revisions: Revisions, ...kinds: EventWire['kind'][]): number =>
  kinds.reduce((sum, kind) => sum + (revisions[kind] ?? 0), 0);

/** The event stream of the river; the browser resumes it by `Last-Event-ID`, and repeats are shown once. */
export function useEventStream(path = 'v1/events'): EventStream {
  const [stream, setStream] = useState<EventStream>({ connection: 'connecting', events: [], revisions: {} });

  useEffect(() => {
    let source: EventSource;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let flushTimer: ReturnType<typeof setTimeout> | undefined;
    let batch: EventWire[] = [];

    const flush = () => {
      flushTimer = undefined;
      const taken = batch;
      batch = [];
      setStream((last) => {
        const revisions: Partial<Record<EventWire['kind'], number>> = { ...last.revisions };
        for (const { kind } of taken) revisions[kind] = (revisions[kind] ?? 0) + 1;
        return { ...last, events: withBatch(last.events, taken), revisions };
      });
    };
    const setConnection = (connection: Connection) => setStream((last) => ({ ...last, connection }));
    const open = () => {
      source = new EventSource(new URL(path, document.baseURI));
      source.onopen = () => setConnection('live');
      source.onerror = () => {
        setConnection('reconnecting');
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, STREAM_RETRY_MS);
      };
      source.onmessage = ({ data }: MessageEvent<string>) => {
        batch.push(JSON.parse(data) as EventWire);
        if (batch.length > EVENTS_KEPT_MAX) batch.shift();
        flushTimer ??= setTimeout(flush, EVENT_BATCH_MS);
      };
    };
    open();
    return () => {
      source.close();
      clearTimeout(retry);
      clearTimeout(flushTimer);
    };
  }, [path]);

  return stream;
}
