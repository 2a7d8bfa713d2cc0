import { describe, expect, test } from 'vitest';
import { createMemorySpool } from '../../../energy-oracle/store/spool.ts';
import { createSender, flushRoundsMax, underWayMax } from '../../../energy-oracle/telemetry/sender.ts';
import { LineFault, type Receipt, type TelemetryUplink } from '../../../energy-oracle/telemetry/telemetry-source.ts';

const bytes = (seq: number) => new TextEncoder().encode(String(seq));
const draft = (end: number, stream = 'pv_power') => ({ stream, topic: `energy/v1/acme/berlin/${stream}`, end, encode: bytes });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An uplink by hand: what was sent, receipts on demand, a line that can be cut, a broker that can be slow. */
function createHandLine() {
  const sent: string[] = [];
  let onReceipt: (receipt: Receipt) => void = () => {};
  let cut = false;
  let slow: (() => void)[] | undefined;
  const uplink: TelemetryUplink = {
    open: async (_, callback) => {
      onReceipt = callback;
    },
    send: async (topic, payload) => {
      if (cut) throw new LineFault('hand', 'cut');
      sent.push(`${topic.split('/').at(-1)}#${new TextDecoder().decode(payload)}`);
      if (slow) await new Promise<void>((resolve) => slow?.push(resolve));
    },
    close: async () => {},
  };
  const said = (part: Partial<Receipt>) => onReceipt({ sender: 'acme/berlin', committed: [], refused: [], ...part });
  return {
    uplink,
    sent,
    say: said,
    commit: (...seqs: number[]) => said({ committed: seqs.map((seq) => ({ stream: 'pv_power', seq })) }),
    refuse: (seq: number) => said({ refused: [{ stream: 'pv_power', seq, reason: 'too-late' }] }),
    cut: (now: boolean) => {
      cut = now;
    },
    slow: () => {
      slow = [];
      return slow;
    },
  };
}

/** Rounds of waiting that pass when told. */
function createRounds() {
  const waiters: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => waiters.push(resolve)),
    pass: async () => {
      for (const waiter of waiters.splice(0)) waiter();
      await turn();
    },
  };
}

function make(spool = createMemorySpool()) {
  const line = createHandLine();
  const rounds = createRounds();
  const refusals: number[] = [];
  const sender = createSender({
    name: 'acme/berlin',
    spool,
    uplink: line.uplink,
    retryMs: 1_000,
    wait: rounds.wait,
    onRefused: ({ seq }) => refusals.push(seq),
  });
  return { spool, line, rounds, sender, refusals };
}
const watch = (promise: Promise<void>) => {
  const state = { settled: false };
  void promise.then(() => {
    state.settled = true;
  });
  return state;
};

describe('a sender', () => {
  test('numbers, spools, sends, and resolves only when every receipt has come', async () => {
    const { sender, line, spool } = make();
    await sender.open();
    const told = watch(sender.send([draft(1), draft(2), draft(2, 'load_power')]));
    await turn();
    expect(line.sent).toEqual(['pv_power#0', 'pv_power#1', 'load_power#0']);
    line.commit(0, 1);
    await turn();
    expect(told.settled).toBe(false);
    expect(spool.pending().map(({ stream }) => stream)).toEqual(['load_power']);
    line.say({ committed: [{ stream: 'load_power', seq: 0 }] });
    await turn();
    expect(told.settled).toBe(true);
  });

  test('counts a refusal as a receipt, and tells of it once', async () => {
    const { sender, line, spool, refusals } = make();
    await sender.open();
    const told = watch(sender.send([draft(1)]));
    await turn();
    line.refuse(0);
    line.refuse(0);
    await turn();
    expect(told.settled).toBe(true);
    expect(spool.pending()).toEqual([]);
    expect(refusals).toEqual([0]);
  });

  test('sends again, round after round, until the receipt comes', async () => {
    const { sender, line, rounds } = make();
    await sender.open();
    const told = watch(sender.send([draft(1)]));
    for (let round = 0; round < 30; round++) {
      await turn();
      await rounds.pass();
    }
    expect(line.sent).toHaveLength(31);
    line.commit(0);
    await rounds.pass();
    await rounds.pass();
    expect(told.settled).toBe(true);
    expect(line.sent).toHaveLength(31);
  });

  test('survives a line that is cut, and sends what was told meanwhile in order', async () => {
    const { sender, line, rounds, spool } = make();
    await sender.open();
    line.cut(true);
    void sender.send([draft(1)]);
    void sender.send([draft(2)]);
    await turn();
    expect(line.sent).toEqual([]);
    expect(spool.pending()).toHaveLength(2);
    await rounds.pass(); // the second came while this round was under way
    line.cut(false);
    await rounds.pass();
    expect(line.sent).toEqual(['pv_power#0', 'pv_power#1']);
  });

  test('keeps no more than its limit under way, and the rest follows as the broker takes them', async () => {
    const { sender, line } = make();
    const held = line.slow();
    await sender.open();
    void sender.send(Array.from({ length: underWayMax + 5 }, (_, i) => draft(i)));
    await turn();
    expect(line.sent).toHaveLength(underWayMax);
    for (const release of held.splice(0)) release();
    await turn();
    expect(line.sent).toHaveLength(underWayMax + 5);
  });

  test('sends what a killed one left behind, and skips what that one had told', async () => {
    const first = make();
    await first.sender.open();
    void first.sender.send([draft(1), draft(2)]);
    await turn();
    const second = make(first.spool);
    await second.sender.open();
    expect(second.line.sent).toEqual(['pv_power#0', 'pv_power#1']);
    const told = watch(second.sender.send([draft(1), draft(2), draft(3)]));
    await turn();
    expect(second.line.sent).toEqual(['pv_power#0', 'pv_power#1', 'pv_power#2']);
    second.line.commit(0, 1, 2);
    await turn();
    expect(told.settled).toBe(true);
  });

  test('reports by flush what has no receipt after ten rounds, and goes on trying', async () => {
    const { sender, line, rounds, spool } = make();
    await sender.open();
    const told = watch(sender.send([draft(1)]));
    await turn();
    const flushed = sender.flush().then(
      () => 'flushed',
      (fault: unknown) => fault,
    );
    for (let round = 0; round <= flushRoundsMax; round++) await rounds.pass();
    expect(await flushed).toBeInstanceOf(LineFault);
    expect(spool.pending()).toHaveLength(1);
    const again = sender.flush();
    line.commit(0);
    await again;
    await turn();
    expect(told.settled).toBe(true);
  });

  test('says so when the spool cannot keep it, and sends nothing', async () => {
    const spool = createMemorySpool();
    const { sender, line } = make({ ...spool, append: () => Promise.reject(new Error('disk full')) });
    await sender.open();
    await expect(sender.send([draft(1)])).rejects.toThrow('disk full');
    expect(line.sent).toEqual([]);
  });
});
