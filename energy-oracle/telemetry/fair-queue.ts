/**
 * Fair queue: messages that wait for ingest, one lane a sender, so that nobody's flood makes another wait.
 *
 * Lanes are served in turn, each in order of arrival. When the queue is full the longest lane gives way, by its newest
 * message. What no enrolled sender's name stands on shares one lane: inventing names gains nothing.
 */
import type { RawMessage } from './telemetry-source.ts';

export interface FairQueue {
  /** Lets a message wait; returns the one that is turned away for it, itself perhaps, when there is no room. */
  push(lane: string, message: RawMessage): RawMessage | undefined;
  /** The next one in turn. */
  take(): RawMessage | undefined;
  size(): number;
}

interface Lane {
  readonly name: string;
  readonly waiting: RawMessage[];
  /** Index of the first that still waits. */
  head: number;
}

const lengthOf = ({ waiting, head }: Lane) => waiting.length - head;
/** Taken messages are let go in bulk: shifting an array is linear. */
const takenMax = 256;

/** O(1) a message; O(lanes) when the queue is full. Bytes are those of payloads. */
export function createFairQueue({ countMax, bytesMax }: { readonly countMax: number; readonly bytesMax: number }): FairQueue {
  const lanes = new Map<string, Lane>(); // those that are not empty
  let turn: Lane[] = []; // of this round, last first
  let [count, bytes] = [0, 0];
  const remove = (message: RawMessage) => {
    count -= 1;
    bytes -= message.payload.length;
  };
  const turnAway = (): RawMessage | undefined => {
    let longest: Lane | undefined;
    for (const lane of lanes.values()) if (!longest || lengthOf(lane) > lengthOf(longest)) longest = lane;
    const newest = longest?.waiting.pop();
    if (longest && lengthOf(longest) === 0) lanes.delete(longest.name);
    if (newest) remove(newest);
    return newest;
  };
  return {
    push(name, message) {
      const lane = lanes.get(name) ?? { name, waiting: [], head: 0 };
      lanes.set(name, lane);
      lane.waiting.push(message);
      count += 1;
      bytes += message.payload.length;
      return count > countMax || bytes > bytesMax ? turnAway() : undefined;
    },
    take() {
      while (count > 0) {
        if (turn.length === 0) turn = [...lanes.values()].reverse();
        const lane = turn.pop() as Lane;
        if (lengthOf(lane) === 0) continue; // emptied by giving way
        const message = lane.waiting[lane.head++] as RawMessage;
        if (lengthOf(lane) === 0) lanes.delete(lane.name);
        else if (lane.head >= takenMax) {
          lane.waiting.splice(0, lane.head);
          lane.head = 0;
        }
        remove(message);
        return message;
      }
      return undefined;
    },
    size: () => count,
  };
}
