/**
 * Octopus Energy over HTTP: unit rates of a product and tariff, page by page. No key is needed.
 *
 * The next page is asked for only where the first one came from: an answer does not send us elsewhere.
 */
import { type Instant, MINUTE, toIso } from '../../units/time.ts';
import { type HttpAsker, httpUrl } from './http-asker.ts';
import { decodeOctopus } from './octopus.ts';
import { answerOf, SignalFault, type SignalSource } from './signal-source.ts';

export const octopusUrl = 'https://api.octopus.energy';
/** 31 days of half hours are one page of 1,500. */
const pageSize = 1_500;
const pagesMax = 10;
const freshMs = 15 * MINUTE;

export interface OctopusPorts {
  readonly name: string;
  readonly url?: string;
  readonly asker: HttpAsker;
  readonly now: () => Instant;
  /** `AGILE-24-10-01` and `E-1R-AGILE-24-10-01-C`. */
  readonly product: string;
  readonly tariff: string;
  readonly vat?: 'inc' | 'exc';
  readonly payment?: string;
}

/** @throws RangeError for what is no HTTP URL */
export function createHttpOctopus({
  name,
  url,
  asker,
  now,
  product,
  tariff,
  vat = 'exc',
  payment = 'DIRECT_DEBIT',
}: OctopusPorts): SignalSource {
  const base = httpUrl(url ?? octopusUrl).href.replace(/\/$/, '');
  const path = `${base}/v1/products/${encodeURIComponent(product)}/electricity-tariffs/${encodeURIComponent(tariff)}/standard-unit-rates/`;
  return {
    name,
    topics: ['day_ahead_price'],
    async ask(asked) {
      const first = new URL(path);
      first.searchParams.set('period_from', toIso(asked.interval.start));
      first.searchParams.set('period_to', toIso(asked.interval.end));
      first.searchParams.set('page_size', String(pageSize));
      const [evidence, decoded] = [[] as Awaited<ReturnType<HttpAsker['ask']>>[], [] as ReturnType<typeof decodeOctopus>[]];
      for (let question: URL | undefined = first; question; ) {
        if (evidence.length === pagesMax)
          throw new SignalFault({ source: name, address: first.href, attempts: 1, what: `more than ${pagesMax} pages` });
        const answer = await asker.ask({ url: question, address: question.href, freshUntil: () => now() + freshMs });
        const read = decodeOctopus(answer.payload, { vat, payment, until: asked.interval.end });
        evidence.push(answer);
        decoded.push(read);
        question = read.kind === 'signals' && read.next ? nextPage(name, first, read.next) : undefined;
      }
      return answerOf(name, asked, decoded, evidence);
    },
  };
}

function nextPage(source: string, first: URL, next: string): URL {
  const url = URL.canParse(next, first.href) ? new URL(next, first.href) : undefined;
  if (url?.origin === first.origin && url.pathname === first.pathname) return url;
  throw new SignalFault({ source, address: first.href, attempts: 1, what: 'its next page lies elsewhere: not asked' });
}
