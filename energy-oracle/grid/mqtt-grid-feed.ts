/**
 * MQTT grid feed: curves from `grid/v1/<zone>/<signal>`, receipts to `grid/v1/<zone>/receipt`.
 *
 * The same line as a meter's, on other topics; everything it promises is `mqtt-telemetry.ts`'s.
 */
import type { Clock } from '../../units/clock.ts';
import { createMqttTelemetrySource, createMqttUplink, type MqttLine } from '../telemetry/mqtt-telemetry.ts';
import type { TelemetryUplink } from '../telemetry/telemetry-source.ts';
import type { GridFeed } from './grid-feed.ts';

/** The oracle's end of the feeds' line. @throws LineFault as `createMqttTelemetrySource` does */
export const createMqttGridFeed = (ports: { line: MqttLine; clock: Clock }): GridFeed =>
  createMqttTelemetrySource({ ...ports, root: 'grid/v1' });

/** The end of whoever publishes curves; its sender is the zone. @throws LineFault as `createMqttUplink` does */
export const createMqttFeedUplink = (ports: { line: MqttLine }): TelemetryUplink => createMqttUplink({ ...ports, root: 'grid/v1' });
