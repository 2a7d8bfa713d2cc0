/**
 * Forecaster: from what was available to what is believed, as a port.
 *
 * A forecaster is given only values that were available at `issuedAt`, so it cannot peek. Quantiles do not cross,
 * surplus is never negative. Where history is too thin it says `undefined` rather than guess.
 */

import type { Series } from '../../units/series.ts';
import type { DurationMs, Instant } from '../../units/time.ts';
import type { Outlook, OutlookSlot } from '../outlook.ts';
import type { Site } from '../site.ts';
import type { WeatherVariable } from '../weather/weather-feed.ts';

/** A variable of the weather as it was forecast. */
export interface WeatherHistory {
  /** Of the newest forecast in it: what lies ahead is that old. */
  readonly issuedAt: Instant;
  /**
   * Past and ahead. Each step is told by the newest forecast that was there at the instant of the question and was issued
   * before the step was over, so the past is what was last believed of it, never hindsight.
   */
  readonly series: Series;
}

/** What was known of a site and its zone at `issuedAt`; all series on slots, ending at or before it, except price and weather. */
export interface History {
  /** Average generation, kW. */
  readonly pvKw: Series;
  /** Average own load, kW. */
  readonly loadKw: Series;
  /** Import price in the accounting currency per MWh; reaches past `issuedAt` where a day-ahead curve does. */
  readonly importPrice: Series;
  readonly carbonIntensity: Series;
  readonly marginalIntensity: Series | undefined;
  /** Absent when nobody told of it: a forecast goes without, and is wider for it. */
  readonly weather?: Readonly<Partial<Record<WeatherVariable, WeatherHistory>>>;
}

export interface ForecastRequest {
  readonly site: Site;
  readonly issuedAt: Instant;
  readonly start: Instant;
  readonly stepMs: DurationMs;
  readonly steps: number;
  readonly history: History;
}

/** What is believed of one site, and who says so: an outlook that nobody has issued yet. */
export type SiteForecast = Pick<Outlook, 'model' | 'slots' | 'sources' | 'notes' | 'baselines'>;

export interface Forecaster {
  /** Name and version of the model, stored with every outlook. */
  readonly model: string;
  forecast(request: ForecastRequest): Promise<readonly OutlookSlot[]>;
  /**
   * All sites of one issue together, answers in the order of the requests: a zone that sites share is forecast once.
   * Whoever offers it is asked no other way.
   */
  forecastFleet?(requests: readonly ForecastRequest[]): Promise<readonly SiteForecast[]>;
}
