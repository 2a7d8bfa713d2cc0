/**
 * Panel: the frame around every part of the page, with its title and its honest state.
 *
 * Owns how loading, failed, stale and empty look, so that no part invents its own. Content is drawn only from values
 * that arrived.
 */
import { type ReactNode, useId } from 'react';
import type { Resource } from './api.ts';

export function Panel(props: { title: string; id?: string; note?: ReactNode; aside?: ReactNode; className?: string; children: ReactNode }) {
  const headingId = useId();
  return (
    <section className={`panel ${props.className ?? ''}`} aria-labelledby={headingId} id={props.id}>
      <header className="panel-head">
        <h2 id={headingId}>{props.title}</h2>
        {props.note !== undefined && <p className="note">{props.note}</p>}
        {props.aside !== undefined && <div className="panel-aside">{props.aside}</div>}
      </header>
      {props.children}
    </section>
  );
}

/** Shows the content of a resource, or says why there is none. */
export function Held<T>(props: {
  resource: Resource<T>;
  what: string;
  isEmpty?: (value: T) => boolean;
  empty?: ReactNode;
  children: (value: T) => ReactNode;
}) {
  const { resource, what } = props;
  if (resource.kind === 'loading') return <p className="quiet">Asking for {what}…</p>;
  if (resource.kind === 'failed')
    return (
      <p className="quiet fault" role="alert">
        No {what}: {resource.fault}. Trying again.
      </p>
    );
  if (resource.kind === 'absent') return <p className="quiet">{props.empty ?? `There is no ${what}.`}</p>;
  if (props.isEmpty?.(resource.value)) return <p className="quiet">{props.empty}</p>;
  return props.children(resource.value);
}
