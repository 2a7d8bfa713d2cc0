/**
 * MQTT weather feed: forecasts from `weather/v1/<provider>/<site>/<variable>`, receipts to `weather/v1/<provider>/<site>/receipt`.
 *
 * The same line as a meter's, on other topics; everything it promises is `mqtt-telemetry.ts`'s.
 */
import type { Clock } from '../../units/clock.ts';
import { createMqttTelemetrySource, createMqttUplink, type MqttLine } from '../telemetry/mqtt-telemetry.ts';
import type { TelemetryUplink } from '../telemetry/telemetry-source.ts';
import type { WeatherFeed } from './weather-feed.ts';

/** The oracle's end of the providers' line. @throws LineFault as `createMqttTelemetrySource` does */
export const createMqttWeatherFeed = (ports: { line: MqttLine; clock: Clock }): WeatherFeed =>
  createMqttTelemetrySource({ ...ports, root: 'weather/v1' });

/** The end of a provider that sends forecasts; its sender is `<provider>/<site>`. @throws LineFault as `createMqttUplink` does */
export const createMqttWeatherUplink = (ports: { line: MqttLine }): TelemetryUplink => createMqttUplink({ ...ports, root: 'weather/v1' });
