/** An OTLP source at ports of its own, and shards that keep what it takes. */

import { request as httpRequest } from "node:http";
import type { SpanRecord } from "@obs/wire";
import { otlpSchema } from "../../config/metric-sources.ts";
import { systemClock } from "../../core/clock.ts";
import type { IncomingLog, MetricShard, Observation, RecordShard, Scrape, SpanShard } from "../../core/contracts.ts";
import { silentLog } from "../../core/log.ts";
import { createOtlpSource, type OtlpSource } from "./index.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export class Harness {
  readonly records: IncomingLog[] = [];
  scrapes: Scrape[] = [];
  readonly spans: SpanRecord[] = [];
  readonly events: Record<string, number> = {};
  /** Shards are ready when it resolves. */
  room: Promise<void> = Promise.resolve();
  #source: OtlpSource | undefined;

  get source(): OtlpSource {
    return this.#source!;
  }

  async start(options: Record<string, unknown> = {}, shards: Partial<{ records: Partial<RecordShard>; metrics: Partial<MetricShard>; spans: Partial<SpanShard> }> = {}): Promise<void> {
    const ready = (signal?: AbortSignal): Promise<void> => Promise.race([this.room, new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()))]);
    this.#source = createOtlpSource(
      otlpSchema.parse({ http: { listen: "127.0.0.1:0" }, grpc: { listen: "127.0.0.1:0" }, ...options }),
      {
        records: { ready, flush: async () => {}, append: async (taken) => void this.records.push(...taken), ...shards.records },
        metrics: { ready, observe: async (taken) => void this.scrapes.push(...taken), ...shards.metrics },
        spans: { ready, flush: async () => {}, append: async (taken) => void this.spans.push(...taken), ...shards.spans },
      },
      { clock: systemClock, log: silentLog, host: "web-01", environment: "test", counters: { add: (event, by = 1) => void (this.events[event] = (this.events[event] ?? 0) + by) } },
    );
    await this.#source.start();
  }

  async stop(): Promise<void> {
    await this.#source?.stop();
  }

  post(path: string, body: string | Uint8Array, headers: Record<string, string> = { "content-type": "application/json" }, method = "POST"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ host: "127.0.0.1", port: this.source.httpPort, path, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }));
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  observed(): Observation[] {
    return this.scrapes.flatMap(({ observations }) => observations);
  }

  /** The last observation of a metric with these labels. */
  one(metric: string, labels: Record<string, string> = {}): Observation | undefined {
    return this.observed().findLast((found) => found.metric === metric && Object.entries(labels).every(([name, value]) => found.labels[name] === value));
  }
}
