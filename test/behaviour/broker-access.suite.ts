/**
 * Who may do what on a broker, as tests: run it against the embedded one and against a Mosquitto with generated files.
 *
 * Brokers differ in how they refuse (closing, an answer of failure, silence). What is tested is what arrives.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';

/** A broker with the sites roof (of ada) and barn (of bob), a feed of DE-LU, and the service; each with a password. */
export interface BrokerUnderTest {
  /** Where passwords are taken. */
  readonly url: string;
  readonly passwords: Readonly<Record<string, string>>;
  readonly ca?: string;
}

const settleMs = 150;
const handedOnMs = 15;
const everybody = ['roof', 'barn', 'feed.DE-LU', 'service.oracle'] as const;
type Name = (typeof everybody)[number];

/** Topic → who may publish there, and who may read there. */
const matrix: readonly { readonly topic: string; readonly publish: readonly Name[]; readonly read: readonly Name[] }[] = [
  ['energy/v1/ada/roof/pv_power', ['roof'], []],
  ['energy/v1/ada/roof/batch', ['roof'], []],
  ['energy/v1/ada/roof/receipt', [], ['roof']],
  ['energy/v1/ada/roof/forecast', [], ['roof']],
  ['energy/v1/ada/roof/other', [], []],
  ['energy/v1/ada/roof', [], []],
  ['energy/v1/ada/barn/pv_power', [], []],
  ['energy/v1/bob/roof/pv_power', [], []],
  ['energy/v1/bob/barn/pv_power', ['barn'], []],
  ['energy/v1/bob/barn/receipt', [], ['barn']],
  ['unsigned/v1/ada/roof/load_power', ['roof'], []],
  ['unsigned/v1/ada/roof/shelly/status/em:0', ['roof'], []],
  ['unsigned/v1/bob/barn/load_power', ['barn'], []],
  ['weather/v1/ada/roof/cloud_cover', ['roof'], []],
  ['weather/v1/ada/roof/receipt', [], ['roof']],
  ['grid/v1/DE-LU/day_ahead_price', ['feed.DE-LU'], []],
  ['grid/v1/DE-LU/receipt', [], ['feed.DE-LU']],
  ['grid/v1/FR/day_ahead_price', [], []],
  ['dispatch/v1/roof/lease', [], ['roof']],
  ['dispatch/v1/roof/stop', [], ['roof']],
  ['dispatch/v1/roof/receipt', [], ['roof']],
  ['dispatch/v1/roof/lease-taken', ['roof'], []],
  ['dispatch/v1/roof/report', ['roof'], []],
  ['dispatch/v1/barn/lease', [], ['barn']],
  ['dispatch/v1/barn/report', ['barn'], []],
  ['homeassistant/device/sunward/config', [], []],
  ['anything', [], []],
].map(([topic, publish, read]) => ({
  topic: topic as string,
  publish: [...(publish as Name[]), 'service.oracle'],
  read: [...(read as Name[]), 'service.oracle'],
}));

export function brokerAccessSuite(open: () => BrokerUnderTest): void {
  const clients: MqttClient[] = [];
  let service: MqttClient;
  /** What the service hears, topic and text. */
  const heard: string[] = [];

  const dial = (options: IClientOptions): Promise<MqttClient> => {
    const { url, ca } = open();
    const client = connect(url, { reconnectPeriod: 0, connectTimeout: 3_000, protocolVersion: 4, ...(ca ? { ca } : {}), ...options });
    clients.push(client);
    client.setMaxListeners(0).on('error', () => undefined);
    return new Promise((resolve, reject) => {
      client.once('connect', () => resolve(client));
      client.once('error', reject);
      client.once('close', () => reject(new Error('closed')));
    });
  };
  const as = (username: Name, options: IClientOptions = {}) => dial({ username, password: open().passwords[username] ?? '', ...options });
  let fences = 0;
  /** Everything the broker took before this has been handed on. */
  const settled = async () => {
    const mark = `fence ${++fences}`;
    const passed = new Promise<void>((resolve) => {
      const listen = (_: string, payload: Buffer) => {
        if (String(payload) !== mark) return;
        service.off('message', listen);
        resolve();
      };
      service.on('message', listen);
    });
    service.publish('fence', mark, { qos: 1 });
    await passed;
    await sleep(handedOnMs);
  };
  /** Publishes without minding how a refusal looks: an answer, or the end of the connection. */
  const publish = async (client: MqttClient, topic: string, text: string, retain = false) => {
    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const answered = new Promise<void>((resolve) => client.publish(topic, text, { qos: 1, retain }, () => resolve()));
    await Promise.race([answered, ended]);
    await settled();
  };
  /** Subscribes without minding whether it is granted; what arrives is kept. */
  const hear = async (client: MqttClient, ...filters: string[]): Promise<string[]> => {
    const got: string[] = [];
    client.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
    const ended = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const answered = new Promise<void>((resolve) => client.subscribe(filters, { qos: 1 }, () => resolve()));
    await Promise.race([answered, ended]);
    await settled();
    return got;
  };

  beforeAll(async () => {
    service = await as('service.oracle');
    clients.length = 0; // it stays
    service.on('message', (topic, payload) => topic !== 'fence' && heard.push(`${topic} ${payload}`));
    await service.subscribeAsync('#', { qos: 1 });
    return async () => void (await service.endAsync(true));
  }, 20_000);
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true).catch(() => undefined)));
    heard.length = 0;
  });

  describe('connects', () => {
    test.each(everybody)('%s with its password', async (name) => expect((await as(name)).connected).toBe(true));
    test.each<[string, IClientOptions]>([
      ['nobody without a name', {}],
      ['nobody with a wrong password', { username: 'roof', password: 'wrong' }],
      ['nobody with an empty password', { username: 'roof', password: '' }],
      ['nobody with a name alone', { username: 'roof' }],
      ['nobody the fleet does not know', { username: 'eve', password: 'wrong' }],
    ])('%s', async (_, options) => {
      await expect(dial(options)).rejects.toThrow();
    });
    test('nobody with another’s password', async () => {
      await expect(dial({ username: 'roof', password: open().passwords['barn'] ?? '' })).rejects.toThrow();
    });
  });

  describe.each(matrix)('$topic', ({ topic, publish: publishers, read: readers }) => {
    test.each(everybody)('takes a publish of %s as the table says', async (name) => {
      await publish(await as(name), topic, `from ${name}`);
      expect(heard).toEqual(publishers.includes(name) ? [`${topic} from ${name}`] : []);
    });
    test.each(everybody)('is read by %s as the table says', async (name) => {
      const got = await hear(await as(name), topic);
      await publish(service, topic, 'told');
      expect(got).toEqual(readers.includes(name) ? [`${topic} told`] : []);
    });
  });

  describe('a site', () => {
    test.each([
      '#',
      '+/#',
      'energy/#',
      'energy/v1/+/+/receipt',
      'energy/v1/bob/#',
      'dispatch/v1/+/lease',
      '$share/g/#',
      '$share/g/energy/v1/#',
      '$share/g/dispatch/v1/barn/lease',
    ])('hears nothing of others through %s', async (filter) => {
      const got = await hear(await as('roof'), filter);
      for (const topic of ['energy/v1/bob/barn/receipt', 'energy/v1/bob/barn/pv_power', 'dispatch/v1/barn/lease'])
        await publish(service, topic, 'private');
      expect(got).toEqual([]);
    });

    test('hears nothing of the broker itself', async () => {
      const got = await hear(await as('roof'), '$SYS/#', '$SYS/broker/clients/connected');
      await as('barn');
      await sleep(settleMs * 3);
      expect(got).toEqual([]);
    });

    test('keeps what it may read when it asks for what it may not in one breath', async () => {
      const got = await hear(await as('roof'), 'energy/v1/bob/barn/receipt', 'energy/v1/ada/roof/receipt');
      await publish(service, 'energy/v1/bob/barn/receipt', 'private');
      await publish(service, 'energy/v1/ada/roof/receipt', 'mine');
      expect(got).toEqual(['energy/v1/ada/roof/receipt mine']);
    });

    test('leaves no will where it may not publish', async () => {
      const will = { topic: 'dispatch/v1/barn/lease', payload: Buffer.from('forged'), qos: 1 as const, retain: true };
      const client = await as('roof', { will }).catch(() => undefined);
      client?.stream.destroy();
      await sleep(settleMs * 2);
      expect(heard).toEqual([]);
    });

    test('leaves its will where it may publish', async () => {
      const will = { topic: 'unsigned/v1/ada/roof/status', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
      (await as('roof', { will })).stream.destroy();
      await sleep(settleMs * 2);
      expect(heard).toEqual(['unsigned/v1/ada/roof/status gone']);
    });

    test('is told what was retained for it, and not what was retained for another', async () => {
      await publish(service, 'energy/v1/ada/roof/forecast', 'sun', true);
      await publish(service, 'energy/v1/bob/barn/forecast', 'rain', true);
      const got = await hear(await as('roof'), 'energy/v1/ada/roof/forecast', 'energy/v1/bob/barn/forecast', 'energy/#');
      await sleep(settleMs);
      expect(got.filter((line) => line.includes('barn'))).toEqual([]);
      expect(got).toContain('energy/v1/ada/roof/forecast sun');
      for (const topic of ['energy/v1/ada/roof/forecast', 'energy/v1/bob/barn/forecast']) await publish(service, topic, '', true);
    });

    test('overwrites nothing that the service retained', async () => {
      await publish(service, 'energy/v1/ada/roof/forecast', 'sun', true);
      await publish(await as('roof'), 'energy/v1/ada/roof/forecast', 'forged', true);
      await publish(await as('barn'), 'energy/v1/ada/roof/forecast', '', true);
      const got = await hear(await as('roof'), 'energy/v1/ada/roof/forecast');
      await sleep(settleMs);
      expect(got).toEqual(['energy/v1/ada/roof/forecast sun']);
      await publish(service, 'energy/v1/ada/roof/forecast', '', true);
    });

    test.each([true, false])('gains nothing by another’s client id (clean session: %s)', async (clean) => {
      const clientId = `roof-meter-${clean}`;
      const roof = await as('roof', { clientId, clean, reconnectPeriod: 300 });
      const own: string[] = await hear(roof, 'energy/v1/ada/roof/receipt');
      roof.on('connect', () => roof.subscribe('energy/v1/ada/roof/receipt', { qos: 1 }, () => undefined));
      const barn = await as('barn', { clientId, clean }).catch(() => undefined);
      const stolen: string[] = [];
      barn?.on('message', (topic, payload) => stolen.push(`${topic} ${payload}`));
      await publish(service, 'energy/v1/ada/roof/receipt', 'one');
      if (barn) await publish(barn, 'energy/v1/ada/roof/pv_power', 'forged');
      expect(heard.filter((line) => line.includes('forged'))).toEqual([]);
      await barn?.endAsync(true).catch(() => undefined);
      await sleep(settleMs * 6);
      await publish(service, 'energy/v1/ada/roof/receipt', 'two');
      expect(stolen).toEqual([]);
      expect(own).toContain('energy/v1/ada/roof/receipt two');
    });

    test('is cut off by a packet over the limit, and not by one below', async () => {
      const fits = await as('roof');
      await publish(fits, 'unsigned/v1/ada/roof/x', 'a'.repeat(60_000));
      expect(fits.connected).toBe(true);
      const large = await as('roof');
      const closed = new Promise<void>((resolve) => large.once('close', () => resolve()));
      await publish(large, 'unsigned/v1/ada/roof/x', 'a'.repeat(80_000));
      await closed;
      expect(heard).toHaveLength(1);
    });
  });
}
