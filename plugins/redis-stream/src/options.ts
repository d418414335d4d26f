/** Options of the plugin, checked when the agent reads its configuration. */

export interface RedisStreamOptions {
  /** Such as `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /** Keys of the streams to read. */
  readonly streams: readonly string[];
  /** Where a stream that was never read before is begun. */
  readonly readFrom: "beginning" | "end";
  /** Entries asked for at a time. */
  readonly count: number;
}

const KNOWN = new Set(["url", "streams", "read_from", "count"]);
const MAX_COUNT = 10_000;

/** Throws Error that says what is wrong. */
export const parseOptions = (given: unknown): RedisStreamOptions => {
  const options = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}: there are ${[...KNOWN].join(", ")}`);
  const { url = "redis://127.0.0.1:6379", streams, read_from: readFrom = "beginning", count = 500 } = options;
  if (typeof url !== "string" || !/^rediss?:$/.test(URL.parse(url)?.protocol ?? "")) throw new Error("url: expected an address such as redis://127.0.0.1:6379");
  if (!Array.isArray(streams) || streams.length === 0 || !streams.every((name) => typeof name === "string" && name !== "")) throw new Error("streams: expected a list of keys");
  if (new Set(streams).size < streams.length) throw new Error("streams: one is named twice");
  if (readFrom !== "beginning" && readFrom !== "end") throw new Error("read_from: expected beginning or end");
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > MAX_COUNT) throw new Error(`count: expected a whole number from 1 to ${MAX_COUNT}`);
  return { url, streams: streams as string[], readFrom, count: count as number };
};
