/**
 * The live event log: newest first, bounded, can be held still to read.
 *
 * Owns the filter by kind and the pause; what arrives while paused is counted and shown on resume.
 */
import { useState } from 'react';
import type { EventWire } from '../scheduler/wire.ts';
import type { EventStream } from './api.ts';
import { EVENTS_KEPT_MAX } from './event-batch.ts';
import { formatMoment, formatSeconds } from './format.ts';
import { Panel } from './panel.tsx';

const kinds: readonly EventWire['kind'][] = [
  'reading',
  'quarantine',
  'outlook',
  'job',
  'plan',
  'run',
  'ledger',
  'settlement',
  'claim',
  'system',
];

export function EventLog({ stream }: { stream: EventStream }) {
  const [kind, setKind] = useState<EventWire['kind'] | 'all'>('all');
  const [held, setHeld] = useState<readonly EventWire[] | undefined>();
  const events = (held ?? stream.events).filter((event) => kind === 'all' || event.kind === kind);
  const newestHeldId = held?.[0]?.id ?? 0;
  const missed = held ? stream.events.filter(({ id }) => id > newestHeldId).length : 0;
  const controls = (
    <>
      <label className="select">
        <span className="hidden">Kind of event</span>
        <select value={kind} onChange={(event) => setKind(event.target.value as EventWire['kind'] | 'all')}>
          <option value="all">all kinds</option>
          {kinds.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <button type="button" className="button" onClick={() => setHeld(held ? undefined : stream.events)}>
        {held ? `Resume${missed > 0 ? ` (${missed} new)` : ''}` : 'Pause'}
      </button>
    </>
  );
  return (
    <Panel title="Events" id="events" note={`newest first, the last ${EVENTS_KEPT_MAX}`} aside={controls} className="panel-events">
      {events.length === 0 ? (
        <p className="quiet">
          {stream.connection === 'live'
            ? stream.events.length > 0
              ? `No ${kind} event among the last.`
              : 'Waiting for the first event.'
            : 'The stream is not connected yet.'}
        </p>
      ) : (
        <section className="log-scroll" aria-label="Events, newest first">
          <ol className="log" data-testid="event-log">
            {events.map((event) => (
              <li key={event.id} data-testid="event-row">
                <time dateTime={event.at} title={`${formatMoment(event.at)} UTC`}>
                  {formatSeconds(event.at)}
                </time>
                <span className={`tag tag-${event.kind}`}>{event.kind}</span>
                <span>{event.text}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </Panel>
  );
}
