import { describe, test } from 'vitest';
import { startBroker } from '../../cli/embedded/broker.ts';
import { createMemoryDispatch } from '../../scheduler/dispatch/dispatch-link.ts';
import { createMqttAgentLink, createMqttDispatchLink } from '../../scheduler/dispatch/mqtt-dispatch.ts';
import { hasMosquitto, mosquittoNote, startMosquitto } from '../fixtures/mosquitto.ts';
import { type CreateDispatch, dispatchBehaviour } from './dispatch-link.suite.ts';

dispatchBehaviour('memory', async (keyOf, onRefused) => ({ ...createMemoryDispatch(keyOf, onRefused), close: async () => {} }));

const overMqtt =
  (start: () => Promise<{ url: string; stop(): Promise<void> }>): CreateDispatch =>
  async (keyOf, onRefused) => {
    const broker = await start();
    const agents: ReturnType<typeof createMqttAgentLink>[] = [];
    const scheduler = createMqttDispatchLink({ line: broker, keyOf, onRefused, offerMsMax: 1_000 });
    return {
      scheduler,
      agent: () => {
        const agent = createMqttAgentLink({ line: broker });
        agents.push(agent);
        return agent;
      },
      close: async () => {
        for (const end of [scheduler, ...agents]) await end.close();
        await broker.stop();
      },
    };
  };

dispatchBehaviour(
  'MQTT, embedded aedes',
  overMqtt(() => startBroker()),
);

if (hasMosquitto)
  dispatchBehaviour(
    'MQTT, Mosquitto',
    overMqtt(() => startMosquitto()),
  );
else describe.skip(`a dispatch link (MQTT, Mosquitto)${mosquittoNote}`, () => void test('needs mosquitto installed'));
