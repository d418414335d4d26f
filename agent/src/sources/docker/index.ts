/**
 * The docker source: the logs of this host's containers, with what docker knows of them. Files of the
 * json-file driver are followed where they can be read; other logs come from the Engine API.
 */

import { constants } from "node:fs";
import type { DockerOptions } from "../../config/collected-logs.ts";
import type { LineShard, Source } from "../../core/contracts.ts";
import { isAllowed } from "../../core/is-allowed.ts";
import { ContainerShard } from "../containers/container-shard.ts";
import type { ContainerSourceDeps } from "../containers/contracts.ts";
import { compileNames } from "../containers/name-filter.ts";
import { followerPositions } from "../containers/positions.ts";
import { Turns } from "../line-feed.ts";
import { ContainerWatch } from "./container-watch.ts";
import { Engine, type InspectedContainer } from "./engine.ts";
import { LogReader } from "./log-reader.ts";
import { decodeSince, type SincePlace } from "./since.ts";

export interface DockerSourceOptions extends DockerOptions {
  /** Leave containers of Kubernetes' pods to the kubernetes source. */
  readonly skipKubernetes: boolean;
  /** Leave containers that log to journald to the journald source. */
  readonly skipJournald: boolean;
}

const ID_PREFIX = "docker/";
/** Drivers whose logs docker does not keep, or somebody else reads. */
const UNREADABLE_DRIVERS = new Set(["none"]);

export const createDockerSource = (options: DockerSourceOptions, shard: LineShard, deps: ContainerSourceDeps): Source => {
  const { clock, counters, host, log } = deps;
  const { environment = "", metadata_wait: metadataWaitMs, partial_wait: partialWaitMs, read_from: readFrom } = options;
  const { own, places } = followerPositions(deps.positions, ID_PREFIX);
  const stopping = new AbortController();
  const engine = new Engine(options.socket);
  const turns = new Turns();
  const readers = new Map<string, LogReader>();
  const startedMs = clock.nowMs();
  let readsFiles = false;
  let files: Source | undefined;
  let starting: Promise<void> | undefined;
  let ending: Promise<void> | undefined;

  const watch = new ContainerWatch({
    engine, clock, counters, metadataWaitMs,
    wantsLabel: compileNames(options.labels), skipKubernetes: options.skipKubernetes,
    failed: (error) => log.warn("docker cannot be asked about its containers; their logs go without metadata until it can (is the user in the group docker?)", { socket: options.socket, error }),
    changed: (container, { excluded }) => !excluded && isByApi(container) && read(container),
    removed: (id) => void stopReading(id),
  });
  const unwrapping = new ContainerShard({ shard, book: watch, counters, clock, idPrefix: ID_PREFIX, places, partialWaitMs });
  const sharedShard: LineShard = {
    input: unwrapping.input,
    ready: (signal) => unwrapping.ready(signal),
    flush: () => unwrapping.flush(),
    append: (stream, offset, length, final) => turns.take(() => unwrapping.append(stream, offset, length, final)),
  };

  const isByApi = ({ HostConfig }: InspectedContainer): boolean => {
    const driver = HostConfig?.LogConfig?.Type ?? "json-file";
    if (driver === "json-file") return !readsFiles;
    return !UNREADABLE_DRIVERS.has(driver) && !(driver === "journald" && options.skipJournald);
  };

  /** Of a log without a position: as the file source begins files. */
  const beginning = ({ Created }: InspectedContainer): SincePlace => {
    const isOld = own.size === 0 && Date.parse(Created ?? "") < startedMs;
    const fromMs = !isOld || readFrom === "beginning" ? 0 : startedMs - (readFrom === "end" ? 0 : readFrom);
    return { anchor: { timeNs: BigInt(Math.round(Math.max(0, fromMs))) * 1_000_000n, offset: 0 }, offset: 0, untilNs: 0n };
  };

  const read = (container: InspectedContainer): void => {
    const { Id: id, Config } = container;
    const known = readers.get(id);
    if (known) return container.State?.Running === false ? undefined : known.wake();
    if (stopping.signal.aborted) return;
    const reader = new LogReader({
      id, isTerminal: Config.Tty === true, engine, shard: unwrapping, turns, from: decodeSince(own.get(`api/${id}`)) ?? beginning(container), host, environment,
      partialWaitMs, clock, read: (bytes) => counters.add("bytes_read", bytes),
      failed: (error) => log.warn("a container's log cannot be read from docker", { container: id.slice(0, 12), error }),
    });
    readers.set(id, reader);
  };

  const stopReading = async (id: string): Promise<void> => {
    const reader = readers.get(id);
    readers.delete(id);
    await reader?.stop();
  };

  const start = async (): Promise<void> => {
    readsFiles = isAllowed(`${options.root}/containers`, constants.R_OK | constants.X_OK);
    watch.start(stopping.signal);
    if (!readsFiles) return log.info("docker's log files cannot be read, logs come from its API", { folder: `${options.root}/containers` });
    files = deps.follow({ include: [`${options.root}/containers/*/*-json.log`], exclude: [], readFrom, environment }, sharedShard, { positions: own, hold: (path) => watch.hold(path), retryQuietMs: partialWaitMs });
    await files.start();
  };

  const stop = async (): Promise<void> => {
    stopping.abort();
    await starting;
    // At once: one that waits for the shard may be what another one waits for.
    await Promise.all([watch.stopped(), files?.stop(), ...[...readers.keys()].map(stopReading)]);
    await engine.close();
  };

  return { name: "docker", start: () => (starting ??= start()), stop: () => (ending ??= stop()) };
};
