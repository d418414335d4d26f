/** The host metrics source: reads /proc at every multiple of the interval, from the next one on. */

import { sleep, type Clock } from "../../core/clock.ts";
import type { MetricShard, Observation, Source } from "../../core/contracts.ts";
import type { Log } from "../../core/log.ts";
import type { Statfs } from "./filesystem.ts";
import { nodeExporterObservations } from "./node-exporter.ts";
import { OtelNames } from "./otel.ts";
import { Host, thisHost, type HostFolders } from "./snapshot.ts";
import type { HostMetricsSourceOptions } from "./options.ts";

export { hostMetricsSourceSchema, type HostMetricsSourceOptions } from "./options.ts";

export interface HostMetricsSourceDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Label `host` of every observation. */
  readonly host: string;
  /** Default: /proc and /sys, and the cgroup when this is a container. */
  readonly folders?: HostFolders;
  readonly statfs?: Statfs;
}

export const createHostMetricsSource = ({ intervalMs, names, perCpu }: HostMetricsSourceOptions, shard: MetricShard, deps: HostMetricsSourceDeps): Source => {
  const { clock, log, host } = deps;
  const reader = new Host(deps.folders ?? thisHost(), clock, deps.statfs);
  const otel = new OtelNames(perCpu);
  const read = async (): Promise<Observation[]> => {
    const snapshot = await reader.look();
    return names === "otel" ? otel.observations(snapshot, host) : nodeExporterObservations(snapshot, host, clock.nowMs());
  };
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve(), { once: true }));
  let started: Promise<void> | undefined;
  let running: Promise<void> | undefined;

  const scrape = async (timestampMs: number): Promise<void> => {
    try {
      const observations = await read();
      if (observations.length === 0) return;
      await shard.ready(stopping.signal);
      if (!stopping.signal.aborted) await Promise.race([shard.observe([{ timestampMs, observations }]), stopped]);
    } catch (error) {
      log.warn("one reading of the host's metrics is lost", { error });
    }
  };

  /** While the shard pushes back, readings are left out rather than queued. */
  const run = async (): Promise<void> => {
    for (;;) {
      const dueMs = (Math.floor(clock.nowMs() / intervalMs) + 1) * intervalMs;
      // Due in more than an interval: the clock was set back.
      while (clock.nowMs() < dueMs && dueMs - clock.nowMs() <= intervalMs && !stopping.signal.aborted) await sleep(clock, dueMs - clock.nowMs(), stopping.signal);
      if (stopping.signal.aborted) return;
      await scrape(dueMs);
    }
  };

  const begin = async (): Promise<void> => {
    // The first reading has nothing to compare with: it is only the beginning of the second.
    await read();
    running = run();
  };

  return {
    name: "host-metrics",
    start: () => (started ??= begin()),
    async stop() {
      stopping.abort();
      await running;
    },
  };
};
