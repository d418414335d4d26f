/** The middle of the agent, parse -> enrich -> mask -> encode: one for `run` and for `obs-agent test`. */

import { compress } from "./codec/zstd.ts";
import type { AgentConfig } from "./config/resolve.ts";
import type { CommitTarget } from "./core/batch-buffer.ts";
import type { Clock } from "./core/clock.ts";
import type { RowCounts } from "./rows/contracts.ts";
import type { MultilineSettings } from "./multiline/index.ts";
import { LogBlock } from "./rows/log-block.ts";
import { BlockLineShard } from "./shard/line-shard.ts";

export const openLineShard = ({ batch, mask }: Pick<AgentConfig, "batch" | "mask">, multiline: MultilineSettings | undefined, buffer: CommitTarget, clock: Clock, clockSkewMs: () => number = () => 0, allocate?: (bytes: number) => Buffer): { readonly shard: BlockLineShard; readonly counts: RowCounts } => {
  const block = new LogBlock({ maxRows: batch.max_rows, mask, multiline });
  return { shard: new BlockLineShard({ block, compress, buffer, clock, lingerMs: batch.linger, clockSkewMs, ...(allocate && { allocate }) }), counts: block.counts };
};
