/** Test doubles of what sources know: shards that keep what they are given, counters, a log. */

import type { SpanRecord } from "@obs/wire";
import type { Behind, IncomingLog, LineShard, LineStream, MetricShard, RecordDefaults, RecordShard, Scrape, SpanShard } from "../core/contracts.ts";
import { createLog, type Log } from "../core/log.ts";

export interface KeptRecord extends IncomingLog {
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Pushes back from `block` to `unblock`; what is appended is durable at once, or from `hold` on with `release`. */
class Gate {
  #blocked: PromiseWithResolvers<void> | undefined;
  #held: PromiseWithResolvers<void> | undefined;
  /** How often a source has been made to wait. */
  waits = 0;

  block(): void {
    this.#blocked ??= Promise.withResolvers();
  }

  unblock(): void {
    this.#blocked?.resolve();
    this.#blocked = undefined;
  }

  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (!this.#blocked || signal?.aborted) return;
    this.waits++;
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await Promise.race([this.#blocked.promise, aborted]);
  }

  async durable(): Promise<void> {
    await this.#held?.promise;
  }
}

export class KeepingRecordShard extends Gate implements RecordShard {
  readonly records: KeptRecord[] = [];
  /** Stored with the records, by stream id. */
  readonly positions = new Map<string, string>();
  filtered = 0;

  async append(records: readonly IncomingLog[], defaults: RecordDefaults, behind: Behind = {}): Promise<void> {
    for (const [id, position] of behind.positions ?? []) this.positions.set(id, Buffer.from(position).toString());
    this.filtered += behind.filtered ?? 0;
    const { service = "", host = "", environment = "", attributes = {} } = defaults;
    for (const record of records) this.records.push({ ...record, service: record.service ?? service, host: record.host ?? host, environment: record.environment ?? environment, attributes: { ...record.attributes, ...attributes } });
    await this.durable();
  }

  async flush(): Promise<void> {
    await this.durable();
  }
}

export class KeepingMetricShard extends Gate implements MetricShard {
  readonly scrapes: Scrape[] = [];

  /** Names of the metrics, each once. */
  get metrics(): Set<string> {
    return new Set(this.scrapes.flatMap(({ observations }) => observations.map(({ metric }) => metric)));
  }

  async observe(scrapes: readonly Scrape[]): Promise<void> {
    this.scrapes.push(...scrapes);
    await this.durable();
  }
}

export class KeepingSpanShard extends Gate implements SpanShard {
  readonly spans: SpanRecord[] = [];

  async append(spans: readonly SpanRecord[]): Promise<void> {
    this.spans.push(...spans);
    await this.durable();
  }

  async flush(): Promise<void> {
    await this.durable();
  }
}

const NEWLINE = 10;

export class KeepingLineShard extends Gate implements LineShard {
  readonly input: Buffer;
  readonly lines: { readonly text: string; readonly stream: LineStream }[] = [];
  flushes = 0;
  #isReading = false;

  constructor(inputBytes = 4096) {
    super();
    this.input = Buffer.alloc(inputBytes);
  }

  get texts(): string[] {
    return this.lines.map(({ text }) => text);
  }

  async append(stream: LineStream, _offset: number, length: number, final = false): Promise<number> {
    if (this.#isReading) throw new Error("a shard has one reader at a time");
    this.#isReading = true;
    let start = 0;
    while (start < length) {
      const newline = this.input.subarray(start, length).indexOf(NEWLINE);
      const isWhole = newline >= 0;
      if (!isWhole && !final && !(start === 0 && length === this.input.length)) break;
      const end = isWhole ? start + newline : length;
      if (end > start) this.lines.push({ text: this.input.toString("utf8", start, end), stream });
      start = isWhole ? end + 1 : end;
    }
    // Turns that overlap show.
    await new Promise((resolve) => setImmediate(resolve));
    this.input.fill(0x21);
    this.#isReading = false;
    return start;
  }

  async flush(): Promise<void> {
    this.flushes++;
    await this.durable();
  }
}

export class KeepingCounters {
  readonly counts: Record<string, number> = {};

  add(event: string, by = 1): void {
    this.counts[event] = (this.counts[event] ?? 0) + by;
  }

  set(state: string, value: number): void {
    this.counts[state] = value;
  }

  get(event: string): number {
    return this.counts[event] ?? 0;
  }
}

export const keepingLog = (): { readonly log: Log; readonly told: string[] } => {
  const told: string[] = [];
  return { told, log: createLog({ level: "debug", format: "text", write: (line) => told.push(line) }) };
};
