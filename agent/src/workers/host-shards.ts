/** The worker's end of the messages: its shards, by their numbers. */

import type { MessagePort } from "node:worker_threads";
import { HostedShard, type OpenShard } from "./hosted-shard.ts";
import { KeyCell } from "./key-cell.ts";
import type { ToWorker } from "./messages.ts";

export const hostShards = (port: MessagePort, keyMemory: SharedArrayBuffer, open: OpenShard): void => {
  const shards = new Map<number, HostedShard>();
  const keys = new KeyCell(keyMemory);
  port.on("message", (message: ToWorker) => {
    if (message.kind === "open") {
      shards.set(message.shard, new HostedShard(message.shard, message.setup, message.input, { post: (reply, transfer = []) => port.postMessage(reply, transfer), keys, open }));
    } else if (message.kind === "close") {
      shards.delete(message.shard);
    } else {
      shards.get(message.shard)?.take(message);
    }
  });
};
