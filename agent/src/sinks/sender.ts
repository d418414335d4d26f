/**
 * Sends what the buffer holds until each batch is acknowledged or refused for good.
 *
 * - At most `maxInFlight` batches are under way, begun in the order of their keys.
 * - A failed delivery opens the circuit: one batch at a time goes out as a probe, after a delay
 *   (full jitter, or what the backend asked for), until one comes through.
 * - Probes take turns among the batches, so one batch that always fails cannot block the others;
 *   it waits longer and longer by itself.
 * - A fault that lies with one batch (an agent id that belongs to another key) holds up no other:
 *   the batch is put off, its body stays on the disk meanwhile.
 * - A batch that is too large is halved, and each half is a batch like any other, down to single rows.
 */

import type { BatchQueue } from "../core/batch-buffer.ts";
import { idOf } from "../core/batch-part.ts";
import { steadyMs, type Clock } from "../core/clock.ts";
import type { BufferedBatch, Delivery, Transport } from "../core/contracts.ts";
import type { Counters } from "../core/counters.ts";
import type { Log } from "../core/log.ts";
import { backOffMs, type BackOff } from "./back-off.ts";

export interface SenderOptions {
  readonly queue: BatchQueue;
  readonly transport: Transport;
  readonly maxInFlight: number;
  readonly backOff: BackOff;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Called with each acknowledgement's `resend`. */
  readonly onResend?: (streams: readonly string[]) => void;
  readonly random?: () => number;
}

/** A batch whose delivery failed. */
interface Held {
  readonly batch: BufferedBatch;
  failures: number;
  dueMs: number;
}

const NO_BODY = new Uint8Array(0);
/** Batches put off of which the sender keeps track; it looks at no new ones beyond. */
const MAX_PUT_OFF = 10_000;

/** For a row that something before the backend finds too large: a person has to raise that limit. */
const LONE_ROW_RETRY_MS = 30_000;

const QUEUE_FAULT_PAUSE_MS = 1_000;

export class Sender {
  readonly #options: SenderOptions;
  readonly #held: Held[] = [];
  /** Held for a fault of their own, without their bodies. */
  readonly #putOff: Held[] = [];
  readonly #stopping = new AbortController();
  readonly #changeWaiters = new Set<() => void>();
  #underWay = new Set<Promise<void>>();
  /** Deliveries that failed since the last one that came through; 0 = the circuit is closed. */
  #failures = 0;
  #probeAtMs = 0;
  #lastReason = "";
  #isPumping = false;
  #pumping: Promise<void> = Promise.resolve();
  #pumpAgain = false;
  #started = false;
  #isDry = false;
  #hasHalved = false;
  #cancelWake: () => void = () => {};

  constructor(options: SenderOptions) {
    this.#options = options;
    options.queue.onAvailable(() => this.#wake());
  }

  /** False while deliveries fail. */
  get isBackendUp(): boolean {
    return this.#failures === 0;
  }

  /** Why the last delivery failed; "" when it did not. */
  get lastReason(): string {
    return this.#lastReason;
  }

  get inFlight(): number {
    return this.#underWay.size;
  }

  start(): void {
    this.#started = true;
    this.#wake();
  }

  /** Resolves when nothing waits any more, or when the signal aborts. */
  async drained(signal?: AbortSignal): Promise<void> {
    const isAborted = (): boolean => signal?.aborted === true;
    while (!this.#isEmpty() && !isAborted()) await this.#changed(signal);
  }

  /** The same, for an end: also resolves when the backend is away, for then it may take for ever. */
  async drainedOrAway(signal: AbortSignal): Promise<void> {
    const isAborted = (): boolean => signal.aborted;
    while (!this.#isEmpty() && !isAborted() && this.isBackendUp) await this.#changed(signal);
  }

  #changed(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#changeWaiters.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#changeWaiters.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Ends deliveries under way, and asks the queue for nothing more. What was not acknowledged stays in the buffer. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelWake();
    await Promise.all(this.#underWay);
    await this.#pumping;
    await this.#options.transport.close();
  }

  #isEmpty(): boolean {
    return this.#isDry && this.#held.length + this.#putOff.length === 0 && this.#underWay.size === 0;
  }

  #wake(): void {
    if (!this.#started || this.#stopping.signal.aborted) return;
    this.#isDry = false;
    this.#pumpAgain = true;
    if (!this.#isPumping) this.#pumping = this.#pump();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#pumpAgain && !this.#stopping.signal.aborted) {
      this.#pumpAgain = false;
      try {
        await this.#fill();
      } catch (error) {
        // The buffer could not be read just now, such as while it is opened again after a full disk.
        this.#options.log.debug("the buffer cannot be read now", { error });
        this.#wakeIn(QUEUE_FAULT_PAUSE_MS);
      }
    }
    this.#isPumping = false;
    if (this.#isEmpty() || !this.isBackendUp) for (const done of this.#changeWaiters) done();
  }

  /** Begins deliveries until there is no room, nothing to send, or nothing due. */
  async #fill(): Promise<void> {
    const { maxInFlight, clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const nowMs = steadyMs(clock);
      if (this.#underWay.size >= (this.isBackendUp ? maxInFlight : 1)) return;
      if (!this.isBackendUp && nowMs < this.#probeAtMs) return this.#wakeIn(this.#probeAtMs - nowMs);
      const chosen = await this.#choose(nowMs);
      if (!chosen || this.#stopping.signal.aborted) return;
      const delivery = this.#deliver(chosen).finally(() => {
        this.#underWay.delete(delivery);
        this.#pumpAgain = true;
        if (!this.#isPumping) this.#pumping = this.#pump();
      });
      this.#underWay.add(delivery);
    }
  }

  /** A failed batch that is due, else a new one. */
  async #choose(nowMs: number): Promise<Held | undefined> {
    const { queue, maxInFlight } = this.#options;
    const due = this.#held.findIndex(({ dueMs }) => dueMs <= nowMs);
    if (due >= 0) return this.#held.splice(due, 1)[0];
    if (this.#held.length < maxInFlight && this.#putOff.length < MAX_PUT_OFF) {
      const batch = await queue.next();
      if (batch) return { batch, failures: 0, dueMs: 0 };
      this.#isDry = true;
    }
    if (this.#putOff.length > 0 && this.#putOff[0]!.dueMs <= nowMs) return this.#takeUp(this.#putOff.shift()!);
    const earliest = Math.min(...this.#held.map(({ dueMs }) => dueMs), this.#putOff[0]?.dueMs ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(earliest)) this.#wakeIn(earliest - nowMs);
    return undefined;
  }

  async #takeUp(held: Held): Promise<Held | undefined> {
    const { queue } = this.#options;
    const body = await queue.bodyOf(held.batch);
    if (body) return { ...held, batch: { ...held.batch, body } };
    await queue.deadLetter(held.batch, "damaged");
    return undefined;
  }

  #wakeIn(ms: number): void {
    this.#cancelWake();
    this.#cancelWake = this.#options.clock.after(Math.max(1, ms), () => this.#wake());
  }

  async #deliver(held: Held): Promise<void> {
    const { queue, transport, counters } = this.#options;
    const { batch } = held;
    const delivery = await transport.deliver(batch, this.#stopping.signal).catch((error: unknown): Delivery => ({ kind: "retry", reason: String(error) }));
    counters.add("obs_sender_deliveries_total", { outcome: delivery.kind });
    try {
      if (delivery.kind === "retry") {
        this.#holdBack(held, delivery);
      } else if (delivery.kind === "permanent") {
        await this.#condemn(batch, delivery.reason);
      } else if (delivery.kind === "too_large") {
        await this.#halve(held, delivery);
      } else {
        this.#cameThrough();
        counters.add("obs_sender_sent_bytes_total", {}, batch.body.length);
        await queue.acknowledge(batch, delivery.ack);
        if (delivery.ack.resend) this.#options.onResend?.(delivery.ack.resend);
      }
    } catch (error) {
      // Only a buffer that is being closed refuses; the batch is found again at the next start.
      this.#options.log.warn("an answer of the backend could not be booked; the batch will be sent again", { batch: idOf(batch), error });
    }
  }

  async #condemn(batch: BufferedBatch, reason: string): Promise<void> {
    const { queue, log } = this.#options;
    log.error("the backend will never take this batch: it is kept as a dead letter", { batch: idOf(batch), rows: batch.rows, reason });
    await queue.deadLetter(batch, reason);
  }

  async #halve(held: Held, { reason, condemns }: Extract<Delivery, { kind: "too_large" }>): Promise<void> {
    const { queue, log } = this.#options;
    const { batch } = held;
    if (await queue.halve(batch)) {
      const level = this.#hasHalved ? "debug" : "warn";
      this.#hasHalved = true;
      log[level]("a batch is too large for the backend: it is sent in parts", { batch: idOf(batch), rows: batch.rows, bytes: batch.body.length, reason });
    } else if (condemns) {
      await this.#condemn(batch, reason);
    } else {
      this.#holdBack(held, { kind: "retry", reason, afterMs: LONE_ROW_RETRY_MS, onlyThis: true });
    }
  }

  #holdBack(held: Held, { reason, afterMs, onlyThis }: Extract<Delivery, { kind: "retry" }>): void {
    const { clock, backOff, log, random } = this.#options;
    if (this.#stopping.signal.aborted) return;
    const nowMs = steadyMs(clock);
    held.batch.attempt += 1;
    held.failures += 1;
    if (onlyThis) {
      if (this.#putOff.length === 0) log.warn("a batch is not taken for now: it stays in the buffer and is sent again", { batch: idOf(held.batch), reason });
      this.#putOff.push({ ...held, batch: { ...held.batch, body: NO_BODY }, dueMs: nowMs + (afterMs ?? backOff.longestMs) });
      return;
    }
    const wasUp = this.isBackendUp;
    // Deliveries that were under way together and fail together are one failure.
    if (nowMs >= this.#probeAtMs) this.#failures += 1;
    this.#probeAtMs = Math.max(this.#probeAtMs, nowMs + (afterMs ?? backOffMs(backOff, this.#failures, random)));
    held.dueMs = nowMs + (afterMs ?? backOffMs(backOff, held.failures, random));
    this.#held.push(held);
    if (wasUp || reason !== this.#lastReason) log.warn("the backend does not take batches: they stay in the buffer and are sent again", { reason });
    this.#lastReason = reason;
  }

  #cameThrough(): void {
    if (!this.isBackendUp) this.#options.log.info("the backend takes batches again", { failures: this.#failures });
    this.#failures = 0;
    this.#probeAtMs = 0;
    this.#lastReason = "";
  }
}
