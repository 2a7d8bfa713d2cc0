/**
 * Hearing: messages of a local broker in short, and what a translator makes of them.
 */
import { type DialectData, readMapping } from '../../../../energy-oracle/telemetry/dialects/dialect.ts';
import { createTranslator } from '../../../../energy-oracle/telemetry/dialects/dialect-translator.ts';
import type { Heard, LocalMessage, Translator } from '../../../../energy-oracle/telemetry/dialects/translator.ts';
import { type Instant, parseInstant } from '../../../../units/time.ts';

/** The receive time of a message that does not say another. */
export const noon: Instant = at('2026-11-22T12:00:00Z');

export function at(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === undefined) throw new RangeError(text);
  return instant;
}

/** A message as a fixture writes it: topic, then text, JSON or bytes. */
export type Spoken = readonly [topic: string, payload: unknown, rest?: { readonly retained?: boolean; readonly receivedAt?: Instant }];

export const message = ([topic, payload, { retained = false, receivedAt = noon } = {}]: Spoken): LocalMessage => ({
  topic,
  payload:
    payload instanceof Uint8Array ? payload : new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  receivedAt,
  retained,
});

export interface MappingData {
  readonly use?: readonly string[];
  readonly variables?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly devices?: readonly object[];
  readonly others?: 'take' | 'ignore';
  readonly dialects?: readonly DialectData[];
}

export const translator = (mapping: MappingData = {}): Translator => createTranslator({ mapping: readMapping(mapping) });

/** Everything that comes of the messages, in order. */
export function heard(messages: readonly Spoken[], mapping: MappingData = {}, ear: Translator = translator(mapping)): Heard {
  const all = messages.map((each) => ear.hear(message(each)));
  return {
    observations: all.flatMap(({ observations }) => observations),
    refusals: all.flatMap(({ refusals }) => refusals),
    replies: all.flatMap(({ replies }) => replies),
    subscribe: all.flatMap(({ subscribe }) => subscribe),
  };
}

/** Observations as `device stream value`. */
export const lines = ({ observations }: Heard): string[] => observations.map(({ device, stream, value }) => `${device} ${stream} ${value}`);
