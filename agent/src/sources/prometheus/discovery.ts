/** Where targets come from: the configuration, files, DNS, Kubernetes. */

import { resolve4, resolve6, resolveSrv } from "node:dns/promises";
import { glob, readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { z } from "../../core/zod.ts";
import type { ScrapeConfig } from "../../config/metric-sources.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** `__address__`, what the discovery knows as `__meta_...`, and labels for all samples. */
export type DiscoveredTarget = Readonly<Record<string, string>>;

export interface Resolver {
  resolveSrv(name: string): Promise<readonly { readonly name: string; readonly port: number }[]>;
  resolve4(name: string): Promise<readonly string[]>;
  resolve6(name: string): Promise<readonly string[]>;
}

export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly countError: () => void;
  readonly resolver?: Resolver;
}

/** Whole groups by their names; one without targets is gone, one that is not named is as it was. */
export type TargetGroups = ReadonlyMap<string, readonly DiscoveredTarget[]>;

export interface Discovery {
  /** Tells groups until the signal aborts, or until nothing will change. Never throws: what cannot be read keeps the targets that it had. */
  run(signal: AbortSignal, tell: (groups: TargetGroups) => void): Promise<void>;
}

type Find = () => Promise<readonly DiscoveredTarget[]>;

const systemResolver: Resolver = { resolveSrv, resolve4, resolve6 };

/** All but those of Kubernetes. */
export const discoveriesOf = ({ static_configs, file_sd_configs, dns_sd_configs }: ScrapeConfig, deps: DiscoveryDeps): Discovery[] => [
  polled(0, async () => static_configs.flatMap(({ targets, labels }) => targets.map((target) => ({ ...labels, __address__: target }))), deps),
  ...file_sd_configs.map(({ files, refresh_interval: refreshMs }) => polled(refreshMs, fileFinder(files, deps), deps)),
  ...dns_sd_configs.map((config) => polled(config.refresh_interval, dnsFinder(config, deps), deps)),
];

/** One group, looked for every `refreshMs`; 0: once is enough. */
const polled = (refreshMs: number, find: Find, { clock }: DiscoveryDeps): Discovery => ({
  async run(signal, tell) {
    while (!signal.aborted) {
      const targets = await find();
      if (signal.aborted) return;
      tell(new Map([["", targets]]));
      if (refreshMs === 0) return;
      await sleep(clock, refreshMs, signal);
    }
  },
});

/** https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config */
const TARGET_GROUPS = z.array(z.object({ targets: z.array(z.string().min(1)), labels: z.record(z.string(), z.coerce.string()).default({}) }));

const fileFinder = (patterns: readonly string[], { log, countError }: DiscoveryDeps): Find => {
  let known = new Map<string, readonly DiscoveredTarget[]>();
  return async () => {
    const now = new Map<string, readonly DiscoveredTarget[]>();
    for (const path of await filesOf(patterns)) {
      const targets = await readTargets(path).catch((error: unknown) => {
        countError();
        log.warn("a file of targets cannot be read: those it had are kept", { path, error });
        return known.get(path) ?? [];
      });
      now.set(path, targets);
    }
    known = now;
    return [...now.values()].flat();
  };
};

const filesOf = async (patterns: readonly string[]): Promise<string[]> => {
  const paths = new Set<string>();
  for (const pattern of patterns) for await (const path of glob(pattern)) paths.add(path);
  return [...paths].sort();
};

const readTargets = async (path: string): Promise<DiscoveredTarget[]> => {
  const text = await readFile(path, "utf8");
  const groups = TARGET_GROUPS.parse(path.endsWith(".json") ? JSON.parse(text) : (parseYaml(text) ?? []));
  return groups.flatMap(({ targets, labels }) => targets.map((target) => ({ ...labels, __meta_filepath: path, __address__: target })));
};

const dnsFinder = ({ names, type, port }: ScrapeConfig["dns_sd_configs"][number], { log, countError, resolver = systemResolver }: DiscoveryDeps): Find => {
  const known = new Map<string, readonly DiscoveredTarget[]>();
  const lookUp = async (name: string): Promise<DiscoveredTarget[]> => {
    if (type === "SRV")
      return (await resolver.resolveSrv(name)).map((record) => {
        const host = record.name.replace(/\.$/, "");
        return { __address__: `${host}:${record.port}`, __meta_dns_name: name, __meta_dns_srv_record_target: `${host}.`, __meta_dns_srv_record_port: String(record.port) };
      });
    const addresses = await (type === "A" ? resolver.resolve4(name) : resolver.resolve6(name));
    return addresses.map((address) => ({ __address__: `${address.includes(":") ? `[${address}]` : address}:${port}`, __meta_dns_name: name, __meta_dns_srv_record_target: "", __meta_dns_srv_record_port: "" }));
  };
  return async () => {
    for (const name of names)
      await lookUp(name).then(
        (targets) => known.set(name, targets),
        (error: unknown) => {
          // A name that is not there has no targets; a server that does not answer says nothing.
          if (["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "")) known.set(name, []);
          else countError();
          log.warn("targets cannot be looked up", { name, error });
        },
      );
    return [...known.values()].flat();
  };
};
