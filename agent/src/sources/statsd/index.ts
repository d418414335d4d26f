/**
 * The StatsD source. Datagrams cannot be asked for again, so what cannot be kept is counted: malformed
 * lines, series beyond the limit, and datagrams that the kernel dropped before they were read. While
 * the shard pushes back, values go on being added up and are flushed later.
 */

import type { StatsdConfig } from "../../config/metric-sources.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { MetricShard, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import { UdpListener, type UdpEvent } from "../udp.ts";
import { Aggregator, type Refusal } from "./aggregate.ts";
import { parseStatsdLine } from "./parse.ts";

export type StatsdEvent = UdpEvent | Refusal | "lines" | "malformed" | "events_not_kept" | "service_checks_not_kept" | "times_not_kept";

export interface StatsdCounters {
  add(event: StatsdEvent, by?: number): void;
  set(state: "series", value: number): void;
}

export interface StatsdSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Label `host` of metrics without such a tag. */
  readonly host: string;
  readonly counters: StatsdCounters;
}

export interface StatsdSource extends Source {
  /** Where it listens; undefined while it does not. */
  readonly port: number | undefined;
}

/** A full disk takes nothing, and must not keep the agent from ending. */
const LAST_FLUSH_PATIENCE_MS = 2_000;

export const createStatsdSource = (options: StatsdConfig, shard: MetricShard, { clock, log, host, counters }: StatsdSourceDeps): StatsdSource => {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve(), { once: true }));
  const count = (event: StatsdEvent): void => counters.add(event);
  const aggregator = new Aggregator({ maxSeries: options.max_series, forgetAfterMs: options.forget_after, labels: { host, service: options.service }, count }, clock.nowMs());
  let started: Promise<void> | undefined;
  let running: Promise<void> | undefined;
  let ended: Promise<void> | undefined;

  const take = (datagram: Buffer): void => {
    const nowMs = clock.nowMs();
    for (const text of datagram.toString("utf8").split("\n")) {
      const line = text.endsWith("\r") ? text.slice(0, -1) : text;
      if (line === "") continue;
      count("lines");
      const parsed = parseStatsdLine(line);
      if (parsed === undefined) count("malformed");
      else if (parsed === "event") count("events_not_kept");
      else if (parsed === "service_check") count("service_checks_not_kept");
      else {
        if (parsed.hasTime) count("times_not_kept");
        aggregator.add(parsed, nowMs);
      }
    }
  };

  const listener = new UdpListener({
    source: "statsd", listen: options.listen, bufferBytes: options.receive_buffer, clock, log, counters,
    // Adding up needs no room in the buffer.
    ready: () => Promise.resolve(),
    take: (datagrams) => datagrams.forEach(({ bytes }) => take(bytes)),
  });

  const flush = async (timestampMs: number): Promise<void> => {
    const scrapes = aggregator.flush(timestampMs);
    counters.set("series", aggregator.size);
    if (scrapes.length > 0) await shard.observe(scrapes).catch((error: unknown) => log.warn("one flush of StatsD metrics is lost", { error }));
  };

  const run = async (): Promise<void> => {
    for (;;) {
      const dueMs = (Math.floor(clock.nowMs() / options.flush_interval) + 1) * options.flush_interval;
      while (clock.nowMs() < dueMs && !stopping.signal.aborted) await sleep(clock, dueMs - clock.nowMs(), stopping.signal);
      await shard.ready(stopping.signal);
      if (stopping.signal.aborted) return;
      await Promise.race([flush(clock.nowMs()), stopped]);
    }
  };

  const start = async (): Promise<void> => {
    await listener.start();
    running = run();
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    await started;
    await running;
    await listener.stop();
    if (!running) return;
    const flushed = new AbortController();
    await Promise.race([flush(clock.nowMs()), sleep(clock, LAST_FLUSH_PATIENCE_MS, flushed.signal)]);
    flushed.abort();
  };

  return {
    name: "statsd",
    get port() {
      return listener.port;
    },
    start: () => (started ??= start()),
    stop: () => (ended ??= stop()),
  };
};
