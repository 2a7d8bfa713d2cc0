/**
 * Value template: the part of Home Assistant's templates that only picks a number out of a payload.
 *
 * `{{ value_json.a['b'][0] | float(0) * 1000 }}` and the like. Anything that decides or computes more is refused by name:
 * half-understood templates are false readings. A default (`float(0)`) is not taken: what is missing is missing.
 */
import { type JsonPath, parsePath } from './json-path.ts';

export type ValueTemplate =
  | { readonly kind: 'template'; read(payload: string): unknown }
  | { readonly kind: 'refused'; readonly reason: string };

const harmless = ['float', 'int', 'round', 'is_defined', 'default', 'trim'];
const shape =
  /^\{\{-?\s*(\(?)\s*(value_json|value)((?:\.[A-Za-z_]\w*|\[\s*(?:\d{1,4}|'[^'\]]*'|"[^"\]]*")\s*\])*)((?:\s*\|\s*\w+(?:\([^()]*\))?)*)\s*(\)?)((?:\s*\|\s*\w+(?:\([^()]*\))?)*)\s*(?:([*/])\s*(\d{1,9}(?:\.\d{1,9})?))?((?:\s*\|\s*\w+(?:\([^()]*\))?)*)\s*-?\}\}$/;

/** Reads a `value_template`; none gives the payload as it is. */
export function parseTemplate(text: string | undefined): ValueTemplate {
  if (text === undefined || text.trim() === '') return { kind: 'template', read: (payload) => payload };
  const found = text.length > 256 ? null : shape.exec(text.trim().replace(/\s+/g, ' '));
  if (!found || (found[1] === '(') !== (found[5] === ')')) return refused(text, whatElse(text));
  const [, , root, path, before, , inside, operator, operand, after] = found;
  const strange = [...`${before}${inside}${after}`.matchAll(/\|\s*(\w+)/g)]
    .map(([, name]) => name as string)
    .find((name) => !harmless.includes(name));
  if (strange !== undefined) return refused(text, `the filter ${strange}`);
  if (root === 'value' && path) return refused(text, 'a path into value, which is text');
  const factor = operator === '*' ? Number(operand) : operator === '/' ? 1 / Number(operand) : 1;
  if (!(factor > 0) || !Number.isFinite(factor)) return refused(text, `${operator} ${operand}`);
  const at =
    root === 'value_json' && path ? parsePath(path.replace(/^\./, '').replace(/\[\s*|\s*\]/g, (bracket) => bracket.trim())) : undefined;
  return { kind: 'template', read: (payload) => scaled(picked(payload, root === 'value_json', at), factor) };
}

function picked(payload: string, isJson: boolean, at: JsonPath | undefined): unknown {
  if (!isJson) return payload;
  try {
    const json: unknown = JSON.parse(payload);
    return at ? at.read(json)[0]?.value : json;
  } catch {
    return undefined; // not JSON: another kind of message on the same topic
  }
}

function scaled(value: unknown, factor: number): unknown {
  if (factor === 1) return value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number * factor : value;
}

const refused = (text: string, what: string): ValueTemplate => ({
  kind: 'refused',
  reason: `template ${JSON.stringify(text.slice(0, 120))}: ${what} is not understood; what is: {{ value }}, {{ value_json.a['b'][0] }} with float, int, round, and * or / a number`,
});

function whatElse(text: string): string {
  const statement = /\{%-?\s*(\w+)/.exec(text);
  if (statement) return `the statement ${statement[1]}`;
  const call = /\b(?!float|int|round|default)([a-z_]\w*)\s*\(/.exec(text);
  if (call) return `the function ${call[1]}`;
  const filter = [...text.matchAll(/\|\s*(\w+)/g)].map(([, name]) => name as string).find((name) => !harmless.includes(name));
  return filter === undefined ? 'the expression' : `the filter ${filter}`;
}
