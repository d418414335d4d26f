/**
 * What becomes of a request, whichever way it came: decoded, converted, and answered after the
 * durable write. A request that is not taken leaves nothing behind, so its sender may repeat it.
 */

import type { OtlpConfig } from "../../config/metric-sources.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { MetricShard, RecordShard, SpanShard } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { hostOfPeer, plainAddress } from "../peer.ts";
import { Deltas } from "./deltas.ts";
import { readLogs } from "./logs.ts";
import { decodeMessage, type Message } from "./messages.ts";
import { readMetrics, toScrapes } from "./metrics.ts";
import { isMessage } from "./read.ts";
import { readTraces } from "./traces.ts";

export type Signal = "logs" | "metrics" | "traces";
export type Encoding = "protobuf" | "json";

export type OtlpEvent =
  | "requests" | "bytes_read" | "log_records" | "spans" | "spans_rejected" | "points" | "points_rejected" | "points_without_value" | "exemplars" | "exemplars_rejected"
  | "requests_refused_malformed" | "requests_refused_too_large" | "requests_refused_too_many" | "requests_refused_no_room" | "requests_refused_failed" | "requests_refused_unsupported";

export interface OtlpDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Host of local senders that name none. */
  readonly host: string;
  /** Environment of senders that name none. */
  readonly environment: string;
  readonly counters: { add(event: OtlpEvent, by?: number): void };
}

export interface OtlpShards {
  readonly records: RecordShard;
  readonly metrics: MetricShard;
  readonly spans: SpanShard;
}

export type Outcome =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  /** Never to be repeated. */
  | { readonly kind: "malformed"; readonly message: string }
  /** To be repeated after a while. */
  | { readonly kind: "no_room" | "failed"; readonly message: string };

export interface Incoming {
  readonly signal: Signal;
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  /** Address of the sender. */
  readonly peer: string;
}

/** Bytes of requests that are not answered yet. */
export class PendingBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** A single request always fits: the limit of one is another. */
  tryHold(bytes: number): boolean {
    if (this.#held > 0 && this.#held + bytes > this.#max) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

export class Intake {
  readonly pending: PendingBytes;
  readonly #config: OtlpConfig;
  readonly #shards: OtlpShards;
  readonly #deps: OtlpDeps;
  readonly #deltas = new Deltas();
  readonly #stopping: AbortSignal;

  constructor(config: OtlpConfig, shards: OtlpShards, deps: OtlpDeps, stopping: AbortSignal) {
    this.pending = new PendingBytes(config.max_pending);
    this.#config = config;
    this.#shards = shards;
    this.#deps = deps;
    this.#stopping = stopping;
  }

  async take(incoming: Incoming): Promise<Outcome> {
    const { counters, log } = this.#deps;
    counters.add("requests");
    counters.add("bytes_read", incoming.body.length);
    const write = this.#prepare(incoming);
    if (typeof write === "string") {
      counters.add("requests_refused_malformed");
      return { kind: "malformed", message: write };
    }
    if (!(await this.#hasRoom(incoming.signal))) {
      counters.add("requests_refused_no_room");
      return { kind: "no_room", message: "there is no room in the agent's buffer" };
    }
    try {
      return await write();
    } catch (error) {
      counters.add("requests_refused_failed");
      log.error("a request of OTLP could not be written", { error });
      return { kind: "failed", message: "it could not be written" };
    }
  }

  /** What writes it, or what is wrong with it. Whatever a sender can send ends here, not in an exception. */
  #prepare({ signal, encoding, body, peer }: Incoming): (() => Promise<Outcome>) | string {
    const host = hostOfPeer(plainAddress(peer), this.#deps.host);
    try {
      const request = decode(signal, encoding, body);
      return signal === "logs" ? this.#prepareLogs(request, host) : signal === "traces" ? this.#prepareTraces(request, host) : this.#prepareMetrics(request, host);
    } catch (error) {
      return error instanceof Error ? error.message.slice(0, 500) : "it cannot be read";
    }
  }

  #prepareLogs(request: Message, host: string): () => Promise<Outcome> {
    const { clock, counters, environment } = this.#deps;
    const records = readLogs(request, { host, environment });
    return async () => {
      await this.#shards.records.append(records, { observed: clock.nowNs() });
      counters.add("log_records", records.length);
      return { kind: "taken", rejected: 0, message: "" };
    };
  }

  #prepareTraces(request: Message, host: string): () => Promise<Outcome> {
    const { counters, environment } = this.#deps;
    const { spans, rejected, reasons } = readTraces(request, { host, environment });
    return async () => {
      await this.#shards.spans.append(spans);
      counters.add("spans", spans.length);
      if (rejected > 0) counters.add("spans_rejected", rejected);
      return { kind: "taken", rejected, message: [...reasons].join("; ") };
    };
  }

  #prepareMetrics(request: Message, host: string): () => Promise<Outcome> {
    const { clock, counters, environment } = this.#deps;
    const { points, histograms, rejected, reasons, exemplars, exemplarsRejected, withoutValue } = readMetrics(request, {
      host, environment, nowMs: clock.nowMs(), promote: this.#config.promote_resource_attributes, keepHistograms: this.#config.explicit_histograms === "histograms",
    }); // prettier-ignore
    return async () => {
      const scrapes = toScrapes(points, this.#deltas, histograms);
      if (scrapes.length > 0) await this.#shards.metrics.observe(scrapes);
      counters.add("points", points.length + histograms.length);
      if (rejected > 0) counters.add("points_rejected", rejected);
      if (exemplars > 0) counters.add("exemplars", exemplars);
      if (exemplarsRejected > 0) counters.add("exemplars_rejected", exemplarsRejected);
      if (withoutValue > 0) counters.add("points_without_value", withoutValue);
      return { kind: "taken", rejected, message: [...reasons].join("; ") };
    };
  }

  /** Waits for room as long as patience lasts, and not beyond the end of the source. */
  async #hasRoom(signal: Signal): Promise<boolean> {
    const shard = { logs: this.#shards.records, metrics: this.#shards.metrics, traces: this.#shards.spans }[signal];
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    this.#stopping.addEventListener("abort", end, { once: true });
    const cancel = this.#deps.clock.after(this.#config.patience, end);
    try {
      if (this.#stopping.aborted) return false;
      await shard.ready(waiting.signal);
      return !waiting.signal.aborted;
    } finally {
      cancel();
      this.#stopping.removeEventListener("abort", end);
    }
  }
}

const REQUESTS: Readonly<Record<Signal, "LogsRequest" | "MetricsRequest" | "TracesRequest">> = { logs: "LogsRequest", metrics: "MetricsRequest", traces: "TracesRequest" };

/** Names of the answer to a signal's request, and of its count of what was not taken. */
export const RESPONSES = {
  logs: ["LogsResponse", "rejectedLogRecords"],
  metrics: ["MetricsResponse", "rejectedDataPoints"],
  traces: ["TracesResponse", "rejectedSpans"],
} as const satisfies Record<Signal, readonly [string, string]>;

const decode = (signal: Signal, encoding: Encoding, body: Uint8Array): Message => {
  if (encoding === "protobuf") return decodeMessage(REQUESTS[signal], body);
  const request: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  if (!isMessage(request)) throw new Error("a request must be an object");
  return request;
};

/** Resolves when all are settled, or after a while. */
export const settled = async (active: ReadonlySet<Promise<unknown>>, clock: Clock, patienceMs: number): Promise<void> => {
  const done = new AbortController();
  await Promise.race([Promise.allSettled(active), sleep(clock, patienceMs, done.signal)]);
  done.abort();
};
