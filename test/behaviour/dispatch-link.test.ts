import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { startBroker } from '../../cli/embedded/broker.ts';
import { spawnLeashed } from '../../scheduler/agent/process-leash.ts';
import { createMemoryDispatch } from '../../scheduler/dispatch/dispatch-link.ts';
import { createMqttAgentLink, createMqttDispatchLink } from '../../scheduler/dispatch/mqtt-dispatch.ts';
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

const mosquitto = ['mosquitto', '/usr/sbin/mosquitto'].find((command) => spawnSync(command, ['-h']).error === undefined);
if (mosquitto)
  dispatchBehaviour(
    'MQTT, Mosquitto',
    overMqtt(() => startMosquitto(mosquitto)),
  );
else describe.skip('a dispatch link (MQTT, Mosquitto)', () => void test('needs mosquitto installed'));

async function startMosquitto(command: string) {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
  const folder = mkdtempSync(join(tmpdir(), 'sunward-mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_packet_size 70000\n`);
  const broker = spawnLeashed(command, ['-c', config], { cwd: folder, graceMs: 1_000 });
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => broker.stop() };
}
