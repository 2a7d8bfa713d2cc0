/**
 * Topic pattern: MQTT topics with named variables, as a matcher, a template and a subscription.
 *
 * `{name}` stands for one level or a part of one (`em:{channel}`), `{name*}` for one level or more, once in a pattern.
 */

export type Variables = Readonly<Record<string, string>>;

export interface TopicPattern {
  readonly text: string;
  /** What its variables stand for in a topic; `undefined` when the topic is another. Linear in the topic's length. */
  match(topic: string): Variables | undefined;
  /** The narrowest MQTT filter that lets all its topics in. */
  readonly filter: string;
}

const placeholder = /\{([a-z][a-zA-Z]*)(\*?)\}/g;

/** @throws RangeError for what is no pattern */
export function parsePattern(text: string): TopicPattern {
  const names = [...text.matchAll(placeholder)].map(([, name]) => name as string);
  if (text === '' || text.startsWith('/') || text.length > 512) throw new RangeError('a topic is not empty and does not begin with /');
  if (/[+#]/.test(text)) throw new RangeError('variables such as {device} or {rest*} stand where MQTT has + and #');
  if (/[{}]/.test(text.replace(placeholder, ''))) throw new RangeError('a variable is letters in braces: {device}');
  if (new Set(names).size < names.length) throw new RangeError('each variable stands once');
  if (text.split('*}').length > 2) throw new RangeError('one variable at most spans levels');
  const levels = text.split('/');
  const spanning = levels.findIndex((level) => level.includes('*}'));
  if (spanning >= 0 && !/^\{[^{}]*\}$/.test(levels[spanning] as string)) throw new RangeError('{name*} stands alone between slashes');
  const source = text.split(placeholder); // literal, name, star, literal, …
  let expression = '';
  for (let i = 0; i < source.length; i += 3)
    expression += escaped(source[i] as string) + (i + 1 < source.length ? (source[i + 2] ? '(.+)' : '([^/]+)') : '');
  const regex = new RegExp(`^${expression}$`, 's');
  const kept = spanning < 0 ? levels : levels.slice(0, spanning);
  const filter = [...kept.map((level) => (level.includes('{') ? '+' : level)), ...(spanning < 0 ? [] : ['#'])].join('/');
  return {
    text,
    filter,
    match: (topic) => {
      const found = regex.exec(topic);
      return found ? Object.fromEntries(names.map((name, i) => [name, found[i + 1] as string])) : undefined;
    },
  };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The text with its variables filled in; those that are not known stay as they are. */
export const rendered = (template: string, variables: Variables): string =>
  template.replace(placeholder, (whole, name: string) => (Object.hasOwn(variables, name) ? (variables[name] as string) : whole));

/** True when every topic of filter `narrow` comes by filter `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  const [w, n] = [wide.split('/'), narrow.split('/')];
  for (let i = 0; i < w.length; i++) {
    if (w[i] === '#') return true;
    if (i >= n.length || n[i] === '#' || (w[i] !== '+' && w[i] !== n[i])) return false;
  }
  return w.length === n.length;
}

/** Without those that another covers: no broker delivers a message twice then. */
export const widest = (filters: readonly string[]): string[] => {
  const single = [...new Set(filters)];
  return single.filter((filter) => !single.some((other) => other !== filter && covers(other, filter)));
};
