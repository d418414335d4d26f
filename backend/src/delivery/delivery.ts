/**
 * Delivery, exactly once: what `POST /api/v1/batches/<stream>` does with a batch.
 *
 *   accept -> check -> first attempt: join with others -> insert -> acknowledge
 *                   -> repeat: fence -> join -> count what is stored -> insert what is missing -> acknowledge
 *
 * Invariants:
 * - An acknowledgement follows the store's commit, and stored + refused = rows claimed.
 * - A batch is inserted without looking only by its first attempt, and only if no other attempt of
 *   it is under way in this process.
 * - A failed insert says nothing about single members unless it had one. Joined members are tried
 *   again in halves, as repeats, until the one at fault is alone.
 */

import { batchKeyToUInt128, formatBatchKey, type BatchAck } from "@obs/wire";
import { hostname } from "node:os";
import type { BatchDelivery, IncomingBatch } from "../core/contracts.ts";
import { type Store, WriteFailure, type WriteResult } from "../core/store.ts";
import { ApiError } from "../errors.ts";
import type { Statement } from "../sql/sql.ts";
import { checkBatch } from "./admission.ts";
import { Coalescer } from "./coalescer.ts";
import { answerOf, kindOf, notNow } from "./failure.ts";
import { Fence, queryIdOf } from "./fence.ts";
import { Ledger } from "./ledger.ts";
import { DEFAULT_LIMITS, type DeliveryLimits } from "./limits.ts";
import { SeriesCheck } from "./series-check.ts";
import { countRefusedStatement, countStoredStatement, type InsertPlan, insertStatement, isIdempotent } from "./statements.ts";
import { windowOf } from "./window.ts";

export interface DeliveryCounters {
  batches: number;
  rows: number;
  refusedRows: number;
  /** Statements that store, and the members they had. */
  inserts: number;
  insertedMembers: number;
  /** Joined inserts that failed and were taken apart. */
  splits: number;
  repeats: number;
  /** Repeats that were found stored in full. */
  repeatsComplete: number;
  /** Batches found stored in part and completed. */
  partialRepaired: number;
  /** Repeats that waited for an insert that might have held their batch. */
  fenced: number;
}

export interface Delivery extends BatchDelivery {
  readonly counters: Readonly<DeliveryCounters>;
  /** Lets what is under way finish, writes the ledger. Call it before the store is closed. */
  close(): Promise<void>;
}

export interface DeliveryOptions {
  readonly store: Store;
  readonly log: { warn(message: string): void };
  /** ms since 1970. */
  readonly clock?: () => number;
  readonly limits?: Partial<DeliveryLimits>;
  /** Name of this backend in the rows it stores. Default: the host's. */
  readonly ingester?: string;
}

interface Pending {
  readonly batch: IncomingBatch;
  readonly receivedAtMs: number;
  /** Of the batch: what the coalescer weighs. */
  readonly rows: number;
  readonly rawBytes: number;
  resolve(ack: BatchAck): void;
  reject(error: unknown): void;
}

type Attempt = "first" | "repeat";

class StoreDelivery implements Delivery {
  readonly counters: DeliveryCounters = {
    batches: 0, rows: 0, refusedRows: 0, inserts: 0, insertedMembers: 0, splits: 0, repeats: 0, repeatsComplete: 0, partialRepaired: 0, fenced: 0,
  };
  readonly #store: Store;
  readonly #log: DeliveryOptions["log"];
  readonly #clock: () => number;
  readonly #limits: DeliveryLimits;
  readonly #ingester: string;
  readonly #coalescer: Coalescer<Pending>;
  readonly #fence: Fence;
  readonly #ledger: Ledger;
  readonly #series: SeriesCheck;
  /** The latest attempt of each batch that is under way here. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  #pendingBytes = 0;
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#clock = options.clock ?? Date.now;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#ingester = options.ingester ?? hostname();
    this.#coalescer = new Coalescer(this.#limits, (lane, items) => this.#run(lane.startsWith("first") ? "first" : "repeat", items));
    this.#fence = new Fence({
      store: this.#store,
      clock: this.#clock,
      beginWithinMs: this.#limits.beginWithinMs,
      maxExecutionMs: this.#limits.maxExecutionSeconds * 1000,
    });
    this.#ledger = new Ledger({ store: this.#store, ingester: this.#ingester, clock: this.#clock });
    this.#series = new SeriesCheck(this.#store);
  }

  async accept(batch: IncomingBatch): Promise<BatchAck> {
    checkBatch(batch, this.#limits);
    if (this.#closed || !this.#store.available) throw notNow("the store is away or starting");
    if (this.#pendingBytes + batch.body.length > this.#limits.maxPendingBytes) throw notNow("more batches are waiting than this backend holds in memory");
    this.#pendingBytes += batch.body.length;
    const name = `${batch.policy.tenant}/${batch.stream}/${formatBatchKey(batch.key)}`;
    const earlier = this.#underWay.get(name);
    const work = this.#deliver(batch, earlier);
    const settled = work.catch(() => undefined);
    this.#underWay.set(name, settled);
    try {
      const ack = await work;
      return batch.stream === "samples" && (await this.#series.isMissing(batch)) ? { ...ack, resend: ["series"] } : ack;
    } finally {
      this.#pendingBytes -= batch.body.length;
      if (this.#underWay.get(name) === settled) this.#underWay.delete(name);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#coalescer.flush();
    await Promise.all(this.#underWay.values());
    await this.#ledger.flush();
  }

  async #deliver(batch: IncomingBatch, earlier: Promise<unknown> | undefined): Promise<BatchAck> {
    const receivedAtMs = this.#clock();
    let attempt: Attempt = batch.attempt > 1 || earlier ? "repeat" : "first";
    if (earlier) {
      this.counters.fenced++;
      await earlier;
    }
    if (isIdempotent(batch.stream)) attempt = "first";
    if (attempt === "repeat") {
      this.counters.repeats++;
      const { clear, waited } = await this.#fence.pass(batch.key, receivedAtMs);
      if (waited && !earlier) this.counters.fenced++;
      if (!clear) throw notNow("an earlier insert of this batch is still running");
    }
    const { policy, stream, schema } = batch;
    return new Promise((resolve, reject) => {
      const pending: Pending = { batch, receivedAtMs: this.#clock(), rows: batch.rows, rawBytes: batch.rawBytes, resolve, reject };
      this.#coalescer.add([attempt, stream, schema, policy.version, policy.tenant].join("/"), pending);
    });
  }

  /** One turn of the coalescer. Settles every item and never throws. */
  async #run(attempt: Attempt, items: readonly Pending[]): Promise<void> {
    const now = this.#clock();
    const inTime = items.filter((item) => now <= item.receivedAtMs + this.#limits.beginWithinMs);
    for (const item of items) if (!inTime.includes(item)) item.reject(notNow("the store is too slow to take it in time"));
    if (inTime.length === 0) return;
    try {
      if (attempt === "first") await this.#insertFirst(inTime);
      else await this.#insertMissing(inTime);
    } catch (error) {
      const answer = error instanceof ApiError ? error : new ApiError("internal", "the batch could not be delivered", { cause: error });
      if (answer.code === "internal") this.#log.warn(`delivery failed: ${(error as Error).stack ?? String(error)}`);
      for (const item of inTime) item.reject(answer);
    }
  }

  async #insertFirst(items: readonly Pending[]): Promise<void> {
    const plan = this.#plan(items);
    const result = await this.#insert(plan, items, false);
    if (!result) return;
    // No filter stands between the rows and an idempotent stream's table. Only a body without any
    // row passes the claims unseen; and a Distributed table counts rows in its own way.
    if (isIdempotent(plan.stream) ? result.written > 0 : result.written === sumOfRows(items)) return this.#acknowledgeAll(items);
    if (isIdempotent(plan.stream)) throw new ApiError("batch_claims_wrong", "the body does not hold the rows that its headers claim");
    await this.#acknowledgeByCount(items, await this.#countStored(items));
  }

  async #insertMissing(items: readonly Pending[]): Promise<void> {
    const before = await this.#countStored(items);
    const missing = items.filter((item) => storedOf(before, item) < item.rows);
    const complete = items.filter((item) => storedOf(before, item) >= item.rows);
    this.counters.repeatsComplete += complete.length;
    this.#acknowledgeAll(complete);
    if (missing.length === 0) return;
    const result = await this.#insert(this.#plan(missing), missing, true);
    if (!result) return;
    const after = result.written === 0 ? before : await this.#countStored(missing);
    this.counters.partialRepaired += missing.filter((item) => storedOf(before, item) > 0 && storedOf(after, item) > storedOf(before, item)).length;
    await this.#acknowledgeByCount(missing, after);
  }

  /** Undefined: it failed and every item is settled. */
  async #insert(plan: InsertPlan, items: readonly Pending[], repeat: boolean): Promise<WriteResult | undefined> {
    const queryId = queryIdOf(plan.stream, plan.members.map(({ key }) => key));
    this.counters.inserts++;
    this.counters.insertedMembers += items.length;
    try {
      return await this.#write(insertStatement(plan, repeat), plan, queryId);
    } catch (error) {
      if (!(error instanceof WriteFailure)) throw error;
      if (error.code === 0 && error.outcome === "unknown") this.#fence.lost(queryId, plan.beginByMs - this.#store.clockOffsetMs);
      const kind = kindOf(error);
      if (kind === "passing") throw answerOf(error);
      if (items.length > 1) await this.#insertHalves(items);
      else items[0]!.reject(await this.#answerAlone(error, items[0]!));
      return undefined;
    }
  }

  /** The failed insert was answered, so none of it runs any more: no fence is needed. */
  async #insertHalves(items: readonly Pending[]): Promise<void> {
    this.counters.splits++;
    const middle = items.length >> 1;
    for (const half of [items.slice(0, middle), items.slice(middle)]) {
      await (isIdempotent(half[0]!.batch.stream) ? this.#run("first", half) : this.#run("repeat", half));
    }
  }

  /** 400 only when not one row of it is stored. */
  async #answerAlone(failure: WriteFailure, item: Pending): Promise<ApiError> {
    const answer = answerOf(failure);
    if (kindOf(failure) !== "data" || isIdempotent(item.batch.stream)) return answer;
    if (storedOf(await this.#countStored([item]), item) === 0) return answer;
    this.#log.warn(`an insert failed after it had stored rows of batch ${formatBatchKey(item.batch.key)}: ${failure.code} ${failure.message}`);
    return notNow("the insert failed half-way; a repeat completes it", failure);
  }

  #plan(items: readonly Pending[]): InsertPlan {
    const { policy, stream, schema } = items[0]!.batch;
    const receivedFirst = Math.min(...items.map(({ receivedAtMs }) => receivedAtMs));
    const beginByMs = receivedFirst + this.#limits.beginWithinMs + this.#store.clockOffsetMs;
    return { stream, schema, members: items.map(({ batch }) => batch), window: windowOf(policy, stream, this.#clock()), beginByMs, ingester: this.#ingester };
  }

  #write(statement: Statement, { members }: InsertPlan, queryId?: string): Promise<WriteResult> {
    const { maxRows, maxExecutionSeconds, maxMemoryBytes, maxPartitions, beginWithinMs } = this.#limits;
    return this.#store.write(statement, members.map(({ body }) => body), {
      encoding: "zstd",
      timeoutMs: beginWithinMs + maxExecutionSeconds * 1000 + 10_000,
      ...(queryId === undefined ? {} : { queryId }),
      settings: {
        // One block, hence one part per partition: thresholds lie above every cap.
        max_threads: 1,
        max_insert_threads: 1,
        max_insert_block_size: 2 * maxRows,
        min_insert_block_size_rows: 2 * maxRows,
        min_insert_block_size_bytes: 8 * maxMemoryBytes,
        max_partitions_per_insert_block: maxPartitions,
        max_execution_time: maxExecutionSeconds,
        max_memory_usage: maxMemoryBytes,
        // A repeat with the same rows must not be swallowed: 7 of 1,980 were after kill -9.
        insert_deduplicate: 0,
        async_insert: 0,
        // The block is of this schema or refused: no casts, no columns that are skipped.
        input_format_native_allow_types_conversion: 0,
        input_format_skip_unknown_fields: 0,
        ...(this.#store.cluster === undefined ? {} : { distributed_foreground_insert: 1, insert_quorum: "auto", insert_quorum_parallel: 0 }),
      },
    });
  }

  async #countStored(items: readonly Pending[]): Promise<ReadonlyMap<string, number>> {
    const { stream } = items[0]!.batch;
    const rows = await this.#store.read<{ key: string; rows: string }>(countStoredStatement({ stream, members: items.map(({ batch }) => batch) }), {
      settings: this.#store.cluster === undefined ? {} : { select_sequential_consistency: 1 },
    });
    return new Map(rows.map(({ key, rows: count }) => [key, Number(count)]));
  }

  async #acknowledgeByCount(items: readonly Pending[], stored: ReadonlyMap<string, number>): Promise<void> {
    for (const item of items) {
      const count = Math.min(storedOf(stored, item), item.rows);
      if (count === item.rows) this.#acknowledge(item, count, {});
      else await this.#acknowledgeRefused(item, count);
    }
  }

  async #acknowledgeRefused(item: Pending, stored: number): Promise<void> {
    const plan = this.#plan([item]);
    try {
      const { written: tooOld } = await this.#write(countRefusedStatement(plan, "too_old"), plan);
      const { written: tooNew } = await this.#write(countRefusedStatement(plan, "too_new"), plan);
      if (stored + tooOld + tooNew !== item.rows) {
        item.reject(new ApiError("batch_claims_wrong", `the body has not the ${item.rows} different rows that its headers claim`));
      } else {
        this.#acknowledge(item, stored, { ...(tooOld > 0 && { too_old: tooOld }), ...(tooNew > 0 && { too_new: tooNew }) });
      }
    } catch (error) {
      item.reject(error instanceof WriteFailure ? answerOf(error) : error);
    }
  }

  #acknowledgeAll(items: readonly Pending[]): void {
    for (const item of items) this.#acknowledge(item, item.rows, {});
  }

  #acknowledge(item: Pending, stored: number, refused: Readonly<Record<string, number>>): void {
    const { batch, receivedAtMs } = item;
    this.counters.batches++;
    this.counters.rows += stored;
    this.counters.refusedRows += item.rows - stored;
    this.#ledger.add({ batch, receivedAtMs, stored, refused });
    item.resolve({ stored, refused, serverTime: new Date(this.#clock()).toISOString(), storeBoot: this.#store.bootId, policyVersion: batch.policy.version });
  }
}

const sumOfRows = (items: readonly Pending[]): number => items.reduce((sum, { rows }) => sum + rows, 0);

const storedOf = (counts: ReadonlyMap<string, number>, { batch }: Pending): number => counts.get(batchKeyToUInt128(batch.key).toString()) ?? 0;

export const createDelivery = (options: DeliveryOptions): Delivery => new StoreDelivery(options);
