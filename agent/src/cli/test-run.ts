/** Lines through the agent's own middle (open-line-shard.ts) to the records that would be sent. */

import type { BatchKey } from "@obs/wire";
import { decompress } from "../codec/zstd.ts";
import type { ConfigFile } from "../config/schema.ts";
import type { Commit, CommitTarget } from "../core/batch-buffer.ts";
import type { Clock } from "../core/clock.ts";
import type { LineStream } from "../core/contracts.ts";
import { DEFAULT_MULTILINE, multilineSettings } from "../multiline/index.ts";
import { openLineShard } from "../open-line-shard.ts";
import { pathFilter } from "../sources/file/index.ts";
import { serviceOfPath } from "../sources/file/service-name.ts";
import { recordsOf } from "../tap/records.ts";
import type { TapRecord } from "../tap/filter.ts";

export interface TestResource {
  /** Name of the file that the lines would come from: names service and group, as `run` would. */
  readonly path?: string | undefined;
  readonly service?: string | undefined;
  readonly environment?: string | undefined;
  readonly host: string;
}

type Options = Pick<ConfigFile, "batch" | "mask" | "files" | "environment">;

/** Keeps what becomes durable as records. */
class RecordingTarget implements CommitTarget {
  readonly records: TapRecord[] = [];
  #seq = 0;

  nextKey(): BatchKey {
    return { agent: 0n, epoch: 0, seq: ++this.#seq };
  }

  async commit({ batches }: Commit): Promise<void> {
    for (const { stream, body, rawBytes } of batches) this.records.push(...recordsOf(stream, decompress(body, rawBytes)));
  }

  whenRoom(): Promise<void> {
    return Promise.resolve();
  }
}

const standing = (nowMs: number): Clock => ({ nowMs: () => nowMs, nowNs: () => BigInt(nowMs) * 1_000_000n, after: () => () => {} });

const groupOf = ({ files }: Options, { path }: TestResource): Options["files"][number] | undefined =>
  path === undefined ? undefined : files.find(({ include, exclude }) => pathFilter(include, exclude).wants(path));

const streamOf = (options: Options, resource: TestResource): LineStream => {
  const { path, service, environment: own, host } = resource;
  const group = groupOf(options, resource);
  return {
    id: "",
    service: service ?? group?.service ?? (path === undefined ? "test" : serviceOfPath(path)),
    host,
    environment: own ?? group?.environment ?? options.environment,
    format: group?.parser,
    attributes: path === undefined ? {} : { "log.file.path": path },
    encodePosition: () => new Uint8Array(),
  };
};

export const recordsOfLines = async (options: Options, text: string, resource: TestResource, nowMs: number): Promise<readonly TapRecord[]> => {
  const target = new RecordingTarget();
  const group = groupOf(options, resource);
  const { shard } = openLineShard(options, group ? multilineSettings(group.multiline) : DEFAULT_MULTILINE, target, standing(nowMs));
  const stream = streamOf(options, resource);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.copy(shard.input, 0, at);
    const taken = await shard.append(stream, at, length, at + length === bytes.length);
    if (taken === 0) throw new Error("BUG: the row pass takes none of the rest");
    at += taken;
  }
  await shard.flush();
  return target.records;
};
