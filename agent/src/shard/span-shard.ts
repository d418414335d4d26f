/**
 * Takes spans. Callers share one durable write: a group is sealed when it has the rows of a batch, or
 * `lingerMs` after its first span. What one call brings is in one commit, so a client that was not
 * answered can repeat it whole.
 */

import { formatBatchKey, type BatchKey, type SpanRecord } from "@obs/wire";
import type { CommitTarget } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import type { SealedBatch, SpanShard } from "../core/contracts.ts";
import type { Compress } from "../core/row-block.ts";

export interface SpanShardOptions {
  readonly encodeSpans: (spans: readonly SpanRecord[], key: BatchKey) => Uint8Array;
  readonly compress: Compress;
  readonly buffer: CommitTarget;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly maxRows: number;
  /** Of attributes, messages and events; names of spans and ids are left as they are. */
  readonly mask: (text: string) => string;
}

export class GroupSpanShard implements SpanShard {
  readonly #options: SpanShardOptions;
  #spans: SpanRecord[] = [];
  #group: PromiseWithResolvers<void> | undefined;
  #cancelLinger: (() => void) | undefined;
  #underWay = new Set<Promise<void>>();

  constructor(options: SpanShardOptions) {
    this.#options = options;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#options.buffer.whenRoom(signal);
  }

  append(spans: readonly SpanRecord[]): Promise<void> {
    if (spans.length === 0) return Promise.resolve();
    const { clock, lingerMs, maxRows } = this.#options;
    this.#group ??= Promise.withResolvers();
    const { promise } = this.#group;
    for (const span of spans) this.#spans.push(this.#masked(span));
    if (this.#spans.length >= maxRows) this.#commit();
    else this.#cancelLinger ??= clock.after(lingerMs, () => this.#commit());
    return promise;
  }

  async flush(): Promise<void> {
    if (this.#group) this.#commit();
    await Promise.all(this.#underWay);
  }

  #commit(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const group = this.#group!;
    const spans = this.#spans;
    this.#group = undefined;
    this.#spans = [];
    const { buffer, maxRows } = this.#options;
    // In the tick in which the keys are taken: they become durable in their own order.
    const batches = Array.from({ length: Math.ceil(spans.length / maxRows) }, (_, index) => this.#seal(spans.slice(index * maxRows, (index + 1) * maxRows)));
    const done = buffer.commit({ batches }).then(group.resolve, group.reject).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  #seal(spans: readonly SpanRecord[]): SealedBatch {
    const { buffer, compress, encodeSpans } = this.#options;
    const key = buffer.nextKey();
    const native = encodeSpans(spans, key);
    let [firstNs, lastNs] = [spans[0]!.timestamp, spans[0]!.timestamp];
    for (const { timestamp } of spans) {
      if (timestamp < firstNs) firstNs = timestamp;
      if (timestamp > lastNs) lastNs = timestamp;
    }
    return { stream: "spans", key: formatBatchKey(key), rows: spans.length, rawBytes: native.length, firstNs, lastNs, body: compress([native]), positions: new Map(), tenant: "" };
  }

  #masked(span: SpanRecord): SpanRecord {
    const { mask } = this.#options;
    const each = (attributes: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(attributes).map(([name, value]) => [mask(name), mask(value)]));
    return {
      ...span,
      statusMessage: mask(span.statusMessage),
      attributes: each(span.attributes),
      events: span.events.map(({ time, name, attributes }) => ({ time, name: mask(name), attributes: each(attributes) })),
      links: span.links.map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes: each(attributes) })),
    };
  }
}
