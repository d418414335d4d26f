import { describe, expect, it } from "vitest";
import type { BatchAck } from "@obs/wire";
import type { BatchQueue } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import type { BufferedBatch, Delivery, Transport } from "../core/contracts.ts";
import { MetricsRegistry } from "../core/counters.ts";
import { createLog } from "../core/log.ts";
import { Sender, type SenderOptions } from "./sender.ts";

const ACK: BatchAck = { stored: 1, refused: {}, serverTime: "", storeBoot: "b", policyVersion: 1 };
const acknowledged: Delivery = { kind: "acknowledged", ack: ACK };

/** Time that passes when the test says so. */
class TestClock implements Clock {
  now = 0;
  timers = new Map<() => void, number>();
  /** By how much somebody has set the wall clock. */
  shiftMs = 0;
  nowMs = (): number => this.now + this.shiftMs;
  steadyMs = (): number => this.now;
  nowNs = (): bigint => BigInt(this.now) * 1_000_000n;

  after(ms: number, callback: () => void): () => void {
    this.timers.set(callback, this.now + ms);
    return () => this.timers.delete(callback);
  }

  async advance(ms: number): Promise<void> {
    this.now += ms;
    for (const [callback, at] of this.timers) if (at <= this.now && this.timers.delete(callback)) callback();
    await settle();
  }
}

/** Lets everything that is ready run. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

class ListQueue implements BatchQueue {
  readonly waiting: BufferedBatch[] = [];
  readonly settled: string[] = [];
  #listener = (): void => {};

  add(...keys: string[]): void {
    for (const key of keys) this.waiting.push({ stream: "logs", key, rows: 1, rawBytes: 1, firstNs: 0n, lastNs: 0n, body: new Uint8Array(1), tenant: "", attempt: 1 });
    this.#listener();
  }

  next = async (): Promise<BufferedBatch | undefined> => this.waiting.shift();
  bodyOf = async (): Promise<Uint8Array> => new Uint8Array(1);
  onAvailable = (listener: () => void): void => void (this.#listener = listener);
  /** A batch named after its rows, such as "abcd". */
  halve = async ({ key }: BufferedBatch): Promise<boolean> => {
    if (key.length > 1) this.add(key.slice(0, key.length >> 1), key.slice(key.length >> 1));
    return key.length > 1;
  };
  acknowledge = async ({ key }: BufferedBatch): Promise<void> => void this.settled.push(`${key} stored`);
  deadLetter = async ({ key }: BufferedBatch, reason: string): Promise<void> => void this.settled.push(`${key} dead: ${reason}`);
}

/** Deliveries wait until the test answers them. */
class ManualTransport implements Transport {
  readonly under: { key: string; attempt: number; answer: (delivery: Delivery) => void }[] = [];
  readonly begun: string[] = [];

  deliver(batch: BufferedBatch, signal: AbortSignal): Promise<Delivery> {
    this.begun.push(`${batch.key}#${batch.attempt}`);
    return new Promise((resolve) => {
      this.under.push({ key: batch.key, attempt: batch.attempt, answer: resolve });
      signal.addEventListener("abort", () => resolve({ kind: "retry", reason: "aborted" }), { once: true });
    });
  }

  close = async (): Promise<void> => {};

  async answer(delivery: Delivery, index = 0): Promise<void> {
    this.under.splice(index, 1)[0]!.answer(delivery);
    await settle();
  }
}

const build = async (options: Partial<SenderOptions> = {}) => {
  const clock = new TestClock();
  const queue = new ListQueue();
  const transport = new ManualTransport();
  const lines: string[] = [];
  const sender = new Sender({
    queue, transport, clock, maxInFlight: 2, backOff: { firstMs: 100, longestMs: 1_000 }, random: () => 1, counters: new MetricsRegistry(),
    log: createLog({ level: "info", format: "text", write: (line) => void lines.push(line) }), ...options,
  });
  sender.start();
  await settle();
  return { clock, queue, transport, sender, lines };
};

describe("sender", () => {
  it("keeps a bounded number of batches under way, begun in order", async () => {
    const { queue, transport, sender } = await build();
    queue.add("a", "b", "c");
    await settle();
    expect(transport.begun).toEqual(["a#1", "b#1"]);
    await transport.answer(acknowledged, 1);
    expect(transport.begun).toEqual(["a#1", "b#1", "c#1"]);
    await transport.answer(acknowledged);
    await transport.answer(acknowledged);
    expect(queue.settled).toEqual(["b stored", "a stored", "c stored"]);
    await sender.drained();
  });

  it("sends one probe at a time while the backend is away, then all again", async () => {
    const { clock, queue, transport, sender, lines } = await build();
    queue.add("a", "b", "c", "d");
    await settle();
    await transport.answer({ kind: "retry", reason: "503" });
    await transport.answer({ kind: "retry", reason: "503" });
    expect(sender.isBackendUp).toBe(false);
    await clock.advance(99);
    expect(transport.under).toHaveLength(0);
    await clock.advance(1);
    expect(transport.begun.slice(2)).toEqual(["a#2"]);
    await transport.answer({ kind: "retry", reason: "503" });
    await clock.advance(199);
    expect(transport.under).toHaveLength(0);
    await clock.advance(1);
    expect(transport.begun.slice(3)).toEqual(["b#2"]);
    await transport.answer(acknowledged);
    expect(transport.under).toHaveLength(2);
    while (transport.under.length > 0) await transport.answer(acknowledged);
    expect(queue.settled.sort()).toEqual(["a stored", "b stored", "c stored", "d stored"]);
    expect(lines.filter((line) => line.includes("stay in the buffer"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("takes batches again"))).toHaveLength(1);
  });

  it("waits as long as the backend asks", async () => {
    const { clock, queue, transport } = await build();
    queue.add("a");
    await settle();
    await transport.answer({ kind: "retry", reason: "429", afterMs: 7_000 });
    await clock.advance(6_999);
    expect(transport.begun).toHaveLength(1);
    await clock.advance(1);
    expect(transport.begun).toEqual(["a#1", "a#2"]);
  });

  it("is not held up by a clock that is set back", async () => {
    const { clock, queue, transport } = await build();
    queue.add("a");
    await settle();
    await transport.answer({ kind: "retry", reason: "503", afterMs: 5_000 });
    clock.shiftMs = -86_400_000;
    await clock.advance(5_000);
    expect(transport.begun).toEqual(["a#1", "a#2"]);
  });

  it("lets the others pass a batch that always fails", async () => {
    const { clock, queue, transport } = await build();
    queue.add("poison", "b", "c", "d");
    for (let round = 0; round < 40; round++) {
      await settle();
      while (transport.under.length > 0) await transport.answer(transport.under[0]!.key === "poison" ? { kind: "retry", reason: "500" } : acknowledged);
      await clock.advance(500);
    }
    expect(queue.settled).toEqual(["b stored", "c stored", "d stored"]);
  });

  it("puts a batch off whose fault is its own, and goes on with all others at full width", async () => {
    const { clock, queue, transport, sender } = await build();
    queue.add("a", "b", "c", "d");
    await settle();
    await transport.answer({ kind: "retry", reason: "403", afterMs: 30_000, onlyThis: true });
    await transport.answer({ kind: "retry", reason: "403", afterMs: 30_000, onlyThis: true });
    expect(sender.isBackendUp).toBe(true);
    expect(transport.begun).toEqual(["a#1", "b#1", "c#1", "d#1"]);
    await transport.answer(acknowledged);
    await transport.answer(acknowledged);
    await clock.advance(30_000);
    expect(transport.begun.slice(4)).toEqual(["a#2", "b#2"]);
    await transport.answer(acknowledged);
    await transport.answer(acknowledged);
    await sender.drained();
    expect(queue.settled).toEqual(["c stored", "d stored", "a stored", "b stored"]);
  });

  it("sets aside what is refused for good, without opening the circuit", async () => {
    const { queue, transport, sender } = await build();
    queue.add("a");
    await settle();
    await transport.answer({ kind: "permanent", reason: "batch_malformed" });
    expect(queue.settled).toEqual(["a dead: batch_malformed"]);
    expect(sender.isBackendUp).toBe(true);
    await sender.drained();
  });

  it("halves what is too large until it fits, and sets a lone row aside that never does", async () => {
    const { queue, transport, sender, lines } = await build();
    queue.add("abX");
    await settle();
    for (let turn = 0; transport.under.length > 0 && turn < 20; turn++) {
      const { key } = transport.under[0]!;
      await transport.answer(key.length > 1 || key === "X" ? { kind: "too_large", reason: "413", condemns: true } : acknowledged);
    }
    expect(queue.settled.sort()).toEqual(["X dead: 413", "a stored", "b stored"]);
    expect(lines.filter((line) => line.includes("sent in parts"))).toHaveLength(1);
    expect(sender.isBackendUp).toBe(true);
    await sender.drained();
  });

  it("puts a lone row off that something before the backend finds too large", async () => {
    const { clock, queue, transport } = await build();
    queue.add("X", "b");
    await settle();
    await transport.answer({ kind: "too_large", reason: "413 Request Entity Too Large", condemns: false });
    await transport.answer(acknowledged);
    expect(queue.settled).toEqual(["b stored"]);
    await clock.advance(30_000);
    expect(transport.begun).toEqual(["X#1", "b#1", "X#2"]);
  });

  it("passes on what the backend wants sent again", async () => {
    const asked: string[] = [];
    const { queue, transport } = await build({ onResend: (streams) => void asked.push(...streams) });
    queue.add("a");
    await settle();
    await transport.answer({ kind: "acknowledged", ack: { ...ACK, resend: ["series"] } });
    expect(asked).toEqual(["series"]);
  });

  it("takes a transport that throws for a failed delivery", async () => {
    const { clock, queue, transport, sender } = await build();
    transport.deliver = () => Promise.reject(new Error("socket hang up"));
    queue.add("a");
    await settle();
    expect(sender.lastReason).toContain("socket hang up");
    await clock.advance(100);
    expect(sender.isBackendUp).toBe(false);
  });

  it("goes on when the queue could not be read", async () => {
    const { clock, queue, transport } = await build();
    const { next } = queue;
    queue.next = () => Promise.reject(new Error("not open"));
    queue.add("a");
    await settle();
    queue.next = next;
    await clock.advance(1_000);
    expect(transport.begun).toEqual(["a#1"]);
  });

  it("stops without settling what is under way, and drained ends when told", async () => {
    const { queue, transport, sender } = await build();
    queue.add("a");
    await settle();
    const patience = new AbortController();
    const drained = sender.drained(patience.signal);
    patience.abort();
    await drained;
    await sender.stop();
    expect(transport.begun).toEqual(["a#1"]);
    expect(queue.settled).toEqual([]);
  });
});
