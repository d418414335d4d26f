/**
 * A source of the user's own (../../plugin.ts). Its records and the position behind them become durable in one
 * write, so it is read from there after a restart: each record exactly once, where its origin can be read again.
 */

import type { Clock } from "../../core/clock.ts";
import type { IncomingLog, RecordShard, Source } from "../../core/contracts.ts";
import { applyTransforms, secondsOfMs, type CustomTransform } from "../../core/custom-transform.ts";
import { withFields, type Log } from "../../core/log.ts";
import { persist } from "../../core/persist.ts";
import { recordOfFields } from "../../parsers/record-of-fields.ts";
import type { Fields, SourcePlugin } from "../../plugin.ts";

export interface PluginSourceOptions {
  readonly name: string;
  readonly module: string;
  readonly plugin: SourcePlugin;
  /** As the plugin has read them. */
  readonly options: unknown;
  readonly service: string;
  readonly environment: string;
  readonly transforms?: readonly CustomTransform[];
}

export interface PluginSourceCounters {
  add(event: "records" | "failures", by?: number): void;
}

export interface PluginSourceDeps {
  /** Positions as the buffer holds them at start, by stream id. */
  readonly positions: Iterable<readonly [string, Uint8Array]>;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: string;
  readonly counters: PluginSourceCounters;
}

/** A plugin that does not end for so long after it was told to is left to itself. */
const STOP_PATIENCE_MS = 5_000;
const MAX_POSITION_BYTES = 64 * 1024;
const NS_PER_SECOND = 1_000_000_000n;

export const createPluginSource = ({ name, module, plugin, options, service, environment, transforms = [] }: PluginSourceOptions, shard: RecordShard, deps: PluginSourceDeps): Source => {
  const { clock, counters, host } = deps;
  const log = withFields(deps.log, { plugin: name });
  const id = `plugin/${name}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  const stored = new Map(deps.positions).get(id);
  let position = stored && Buffer.from(stored).toString();
  let running: Promise<void> | undefined;

  const emit = async (records: readonly Fields[], behind?: string): Promise<void> => {
    if (!Array.isArray(records)) throw new TypeError("emit takes a list of records");
    if (behind !== undefined && (typeof behind !== "string" || Buffer.byteLength(behind) > MAX_POSITION_BYTES)) throw new TypeError(`a position is a text of at most ${MAX_POSITION_BYTES} bytes`);
    const incoming = records.map((record: unknown) => {
      if (typeof record !== "object" || record === null || Array.isArray(record)) throw new TypeError("a record is an object of fields");
      return recordOfFields(record);
    });
    await shard.ready(signal);
    signal.throwIfAborted();
    const kept = transforms.length === 0 ? incoming : incoming.flatMap((record) => changed(record, transforms) ?? []);
    const positions = behind === undefined ? undefined : new Map([[id, Buffer.from(behind)]]);
    const filtered = incoming.length - kept.length;
    // What was dropped is booked with a write, so there is one even where nothing is left.
    await shard.append(kept, { service, environment, host, observed: clock.nowNs() }, { ...((positions || filtered > 0) && { positions: positions ?? new Map() }), filtered });
    counters.add("records", incoming.length);
    if (behind !== undefined) position = behind;
  };

  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => abort(), { once: true });

  /** One run of the plugin. It is over when all that it has handed on is durable: the next begins behind that. */
  const attempt = async (succeeded: () => void): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    let isOver = false;
    const context = {
      options,
      signal,
      log,
      get position() {
        return position;
      },
      emit: (records: readonly Fields[], behind?: string): Promise<void> => {
        if (isOver) return Promise.reject(new Error("this run of the source has ended"));
        const emitted = emit(records, behind).then(succeeded);
        const settled: Promise<void> = emitted.catch(() => {}).finally(() => underWay.delete(settled));
        underWay.add(settled);
        return emitted;
      },
    };
    try {
      await plugin.run(context);
    } finally {
      isOver = true;
      await Promise.race([Promise.all(underWay), aborted]);
    }
  };

  const run = (): Promise<void> =>
    persist(
      async (succeeded) => {
        await attempt(succeeded);
        if (signal.aborted) return;
        log.info("the plugin has ended", { module });
        await aborted;
      },
      {
        clock,
        signal,
        failed: (error) => {
          counters.add("failures");
          log.warn("the plugin has failed, it is run again", { module, error });
        },
      },
    );

  return {
    name: "plugin",
    start: async () => {
      running ??= run();
    },
    stop: async () => {
      stopping.abort();
      if (!running) return;
      const { promise: late, resolve } = Promise.withResolvers<"late">();
      const cancel = clock.after(STOP_PATIENCE_MS, () => resolve("late"));
      if ((await Promise.race([running, late])) === "late") log.warn("the plugin does not end: it is left to itself", { module });
      cancel();
    },
  };
};

const nanosecondsOf = (ms: number): bigint => {
  const { seconds, nanoseconds } = secondsOfMs(ms);
  return BigInt(seconds) * NS_PER_SECOND + BigInt(nanoseconds);
};

/** undefined: it is dropped. A time that no transform changed keeps its nanoseconds. */
const changed = (record: IncomingLog, transforms: readonly CustomTransform[]): IncomingLog | undefined => {
  const timestamp = record.timestamp === undefined ? undefined : Number(record.timestamp) / 1e6;
  const result = applyTransforms(transforms, {
    timestamp, severity: record.severity ?? 0, message: record.message, service: record.service ?? "", host: record.host ?? "", environment: record.environment ?? "", traceId: record.traceId ?? "", spanId: record.spanId ?? "",
    attributes: { ...record.attributes },
  });
  if (!result) return undefined;
  const { service, host, environment, traceId, spanId, message, severity, attributes } = result;
  const ns = result.timestamp === timestamp ? record.timestamp : result.timestamp === undefined ? undefined : nanosecondsOf(result.timestamp);
  return {
    message, severity, attributes, ...(ns !== undefined && { timestamp: ns }),
    ...(service !== "" && { service }), ...(host !== "" && { host }), ...(environment !== "" && { environment }), ...(traceId !== "" && { traceId }), ...(spanId !== "" && { spanId }),
  };
};
