import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Children } from "./children.ts";
import { CostMeter, waitUntil } from "./watch-process.ts";

const BUSY = "const until = Date.now() + 60_000; const held = Buffer.alloc(64 * 1024 * 1024, 1); while (Date.now() < until) held.fill(2);";

let folder: string;
let children: Children;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "obs-watch-"));
  children = new Children(folder);
  stop = new AbortController();
});
afterEach(async () => {
  await children.stopAll();
  rmSync(folder, { recursive: true });
});

const start = (code: string) => children.start({ name: "child", args: ["-e", code] });
const wait = (more: Partial<Parameters<typeof waitUntil>[1]> = {}) => ({ pollMs: 5, signal: stop.signal, limit: { ms: 20_000, late: () => "too late" }, ...more });

it("waits while processes run, and says what they cost", async () => {
  const child = start(BUSY);
  const meter = new CostMeter(child);
  await waitUntil(() => meter.now().cpuSeconds > 0.2 && meter.now().rssMB > 64, wait({ watched: { worker: () => child } }));
  expect(await meter.coreShare(200, stop.signal)).toBeGreaterThan(0.05);
  const { peakRssMB, threads } = meter.now();
  expect(peakRssMB).toBeGreaterThan(64);
  expect(threads).toBeGreaterThan(0);
  await child.kill();
  expect(meter.now()).toMatchObject({ rssMB: 0, peakRssMB });
});

it.each([
  ["process.exit(3)", "the worker ended by itself: exit code 3"],
  ["process.exit(78)", "the worker refuses its configuration"],
])("tells of a process that ends: %s", async (code, message) => {
  const child = start(code);
  await expect(waitUntil(() => false, wait({ watched: { worker: () => child } }))).rejects.toThrow(message);
});

it("ends at its limit, and when it is told to", async () => {
  await expect(waitUntil(() => false, wait({ limit: { ms: 20, late: () => "too late" } }))).rejects.toThrow("too late");
  const waiting = waitUntil(() => false, wait());
  stop.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("aborted");
});
