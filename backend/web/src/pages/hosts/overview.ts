/** Newest figures of every host, for the list. */

import type { MetricAnswer } from "../../api/types.ts";

export interface HostFigures {
  /** Shares of the whole, 0 to 1. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly load: number | undefined;
}

export type Overview = ReadonlyMap<string, HostFigures>;

/** Newest value by host and state; answers without states have the empty one. */
const newest = ({ result }: MetricAnswer): Map<string, Map<string, number>> => {
  const hosts = new Map<string, Map<string, number>>();
  for (const { labels, values } of result) {
    const value = values.at(-1)?.[1];
    if (labels.host === undefined || value === undefined) continue;
    const states = hosts.get(labels.host) ?? new Map<string, number>();
    hosts.set(labels.host, states.set(labels.state ?? "", value));
  }
  return hosts;
};

const shareOf = (states: ReadonlyMap<string, number> | undefined, isPart: (state: string) => boolean): number | undefined => {
  if (states === undefined) return undefined;
  let part = 0;
  let whole = 0;
  for (const [state, value] of states) {
    whole += value;
    if (isPart(state)) part += value;
  }
  return whole > 0 ? part / whole : undefined;
};

export const toOverview = (cpuAnswer: MetricAnswer, memoryAnswer: MetricAnswer, loadAnswer: MetricAnswer): Overview => {
  const cpu = newest(cpuAnswer);
  const memory = newest(memoryAnswer);
  const load = newest(loadAnswer);
  return new Map(
    [...new Set([...cpu.keys(), ...memory.keys(), ...load.keys()])].map((host) => [
      host,
      {
        cpu: shareOf(cpu.get(host), (state) => state !== "idle"),
        memory: shareOf(memory.get(host), (state) => state === "used"),
        load: load.get(host)?.get(""),
      },
    ]),
  );
};
