/**
 * Redis streams as a source: entries are read in their order with XREAD, and the id of the last one of each
 * stream is the position that the agent stores with the rows. So every entry is shipped exactly once, over
 * restarts and kill -9 of the agent, as long as Redis still has it when it is read.
 */

import { createClient } from "@redis/client";
import { defineSource, type Fields, type SourceContext } from "obs-agent/plugin";
import { parseOptions, type RedisStreamOptions } from "./options.ts";

/** How long a read waits for entries: an end is noticed at once all the same. */
const BLOCK_MS = 5_000;
const BEGINNING = "0-0";

type Ids = Record<string, string>;

interface Entry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

/** An entry's fields; its id tells when it was added, where no field does. */
const recordOf = (stream: string, { id, message }: Entry): Fields => ({
  timestamp: Number(id.split("-")[0]),
  ...message,
  "redis.stream": stream,
  "redis.stream.entry_id": id,
});

const idsOf = (position: string | undefined): Ids => (position === undefined ? {} : (JSON.parse(position) as Ids));

/** Whoever runs a source tries again; a client that does so by itself would hide that Redis is away. */
const open = (url: string) => createClient({ url, socket: { reconnectStrategy: false } });

const run = async ({ options: { url, streams, readFrom, count }, signal, log, position, emit }: SourceContext<RedisStreamOptions>): Promise<void> => {
  const client = open(url);
  client.on("error", (error: Error) => log.debug("the connection to Redis failed", { error: error.message }));
  await client.connect();
  // A read that waits is ended by ending its connection.
  const end = (): void => client.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    const ids = idsOf(position);
    for (const stream of streams) ids[stream] ??= readFrom === "beginning" ? BEGINNING : await lastIdOf(client, stream);
    // Where to go on is known before the first entry comes.
    await emit([], JSON.stringify(ids));
    while (!signal.aborted) {
      const found = (await client.xRead(streams.map((key) => ({ key, id: ids[key]! })), { COUNT: count, BLOCK: BLOCK_MS })) as { name: string; messages: Entry[] }[] | null;
      const records: Fields[] = [];
      for (const { name, messages } of found ?? []) {
        for (const entry of messages) records.push(recordOf(name, entry));
        ids[name] = messages.at(-1)!.id;
      }
      if (records.length > 0) await emit(records, JSON.stringify(ids));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", end);
    if (client.isOpen) client.destroy();
  }
};

const lastIdOf = async (client: ReturnType<typeof open>, stream: string): Promise<string> => {
  const last = await client.xRevRange(stream, "+", "-", { COUNT: 1 });
  return last?.[0]?.id ?? BEGINNING;
};

export default defineSource({ parseOptions, run });
