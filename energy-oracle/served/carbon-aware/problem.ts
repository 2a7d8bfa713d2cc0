/**
 * Problem: a refusal as RFC 7807 problem details, with the fields that ASP.NET's ValidationProblemDetails adds.
 */
import type { Answer, Refusal } from '../route.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'One or more validation errors occurred.',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'InternalServerError',
  501: 'NotImplementedException',
};

/** Where the status is defined, as RFC 7807 asks for a type. */
const typeOf = (status: number): string =>
  status === 429
    ? 'https://www.rfc-editor.org/rfc/rfc6585#section-4'
    : `https://www.rfc-editor.org/rfc/rfc9110#section-15.${status < 500 ? 5 : 6}.${(status % 100) + 1}`;

/** @param traceId  W3C trace context: `00-<32 hex>-<16 hex>-00` */
export const problemOf = ({ status, message, fields }: Refusal, traceId: string): Answer => ({
  status,
  contentType: 'application/problem+json',
  body: { type: typeOf(status), title: titles[status] ?? 'Error', status, detail: message, errors: fields ?? {}, traceId },
});
