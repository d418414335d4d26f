import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../shard/fixtures.ts";
import { ApiDouble } from "./api-double.ts";
import { ApiServer } from "./api-server.ts";
import { pod } from "./fixtures.ts";
import { ListWatch } from "./list-watch.ts";

const WAIT = { timeout: 10_000, interval: 5 };
/** Above the longest pause. */
const LONG_MS = 60_000;

let api: ApiDouble;
let server: ApiServer;
let clock: ManualClock;
let stopping: AbortController;
let told: string[];
let running: Promise<void> | undefined;

beforeEach(async () => {
  api = await ApiDouble.start();
  server = new ApiServer(async () => ({ address: `http://127.0.0.1:${api.port}`, tls: {} }));
  clock = new ManualClock();
  stopping = new AbortController();
  told = [];
});
afterEach(async () => {
  stopping.abort();
  await running;
  await server.close();
  await api.close();
});

const nameOf = (object: unknown): string => (object as { metadata: { name: string } }).metadata.name;

const start = (firstList: "cached" | "paged" = "paged"): void => {
  const events = {
    changed: (name: string) => void told.push(`changed ${name}`),
    deleted: (name: string) => void told.push(`deleted ${name}`),
    listed: (names: readonly string[]) => void told.push(`listed ${names.join(" ")}`),
    failed: (error: unknown) => void told.push(`failed ${/\b\d{3}\b|without a word/.exec((error as Error).message)?.[0]}`),
  };
  running = new ListWatch({ api: server, clock, path: "/api/v1/pods", firstList, take: nameOf, events }).run(stopping.signal);
};

const listsOf = (): (string | null)[][] => api.lists.map(({ searchParams }) => [searchParams.get("resourceVersion"), searchParams.get("continue")]);

it("begins a list anew whose version is gone before its last page, and tells nothing of the first", async () => {
  api.pageSize = 2;
  api.expiredContinues = 1;
  for (let number = 0; number < 5; number++) api.put(pod(`p${number}`));
  start("cached");
  await expect.poll(() => told, WAIT).toEqual(["failed 410"]);
  clock.advance(LONG_MS);
  await expect.poll(() => api.watching, WAIT).toBe(1);
  expect(told).toEqual(["failed 410", "listed p0 p1 p2 p3 p4"]);
  expect(listsOf()).toEqual([["0", null], [null, "2"], [null, null], [null, "2"], [null, "4"]]);
});

it("asks a server that ends every watch at once after pauses only, and lists no more", async () => {
  api.endsWatches = true;
  start();
  await expect.poll(() => clock.waiting, WAIT).toBe(1);
  for (let times = 2; times < 6; times++) {
    clock.advance(LONG_MS);
    await expect.poll(() => api.watchedFrom.length, WAIT).toBe(times);
    await expect.poll(() => clock.waiting, WAIT).toBe(1);
  }
  expect(told).toEqual(["listed ", "failed without a word"]);
  api.endsWatches = false;
  clock.advance(LONG_MS);
  await expect.poll(() => api.watching, WAIT).toBe(1);
  api.put(pod("a"));
  await expect.poll(() => told.at(-1), WAIT).toBe("changed a");
  api.remove("uid-a");
  await expect.poll(() => told.at(-1), WAIT).toBe("deleted a");
  expect(api.lists).toHaveLength(1);
});

it("ends with its signal, while it watches and while it waits", async () => {
  start();
  await expect.poll(() => api.watching, WAIT).toBe(1);
  stopping.abort();
  await running;
  await expect.poll(() => api.watching, WAIT).toBe(0);
  stopping = new AbortController();
  api.status = 503;
  start();
  await expect.poll(() => told.at(-1), WAIT).toBe("failed 503");
  stopping.abort();
  await running;
});
