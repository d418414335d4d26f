import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { execSchema } from "../../config/listeners.ts";
import { systemClock } from "../../core/clock.ts";
import { KeepingCounters, KeepingLineShard, keepingLog } from "../fixtures.ts";
import { createExecSource, type ExecSource } from "./index.ts";

const WAIT = { timeout: 10_000, interval: 5 };
const running: ExecSource[] = [];
afterEach(() => Promise.all(running.splice(0).map((source) => source.stop())));

const start = async (options: Record<string, unknown>) => {
  const shard = new KeepingLineShard();
  const counters = new KeepingCounters();
  const { log, told } = keepingLog();
  const source = createExecSource(execSchema.parse({ restart: "never", ...options }), shard, { clock: systemClock, log, host: "here", counters });
  running.push(source);
  await source.start();
  return { source, shard, counters, told };
};

describe("exec source", () => {
  it("takes the lines of both streams, and logs how the command ended", async () => {
    const { source, shard, counters, told } = await start({ command: "echo out; echo err >&2; printf 'no end'; exit 3", service: "job", environment: "test" });
    await source.done;
    const rows = shard.lines.map(({ text, stream }) => `${stream.attributes["log.iostream"]} ${text}`).sort();
    expect(rows).toEqual(["stderr err", "stdout no end", "stdout out"]);
    expect(shard.lines[0]!.stream).toMatchObject({ service: "job", host: "here", environment: "test" });
    expect(counters.counts).toMatchObject({ starts: 1, exits: 1, exits_with_failure: 1 });
    expect(told.join("")).toMatch(/warn .*has ended.* code=3/);
  });

  it("passes arguments as they are, a folder and an environment, but not the agent's key", async () => {
    process.env.OBS_API_KEY = "obs_secret";
    const { source, shard } = await start({ command: [process.execPath, "-e", "console.log(process.argv[1], process.env.A, process.env.OBS_API_KEY, process.cwd())", "a b;c"], env: { A: "1" }, working_dir: "/" });
    delete process.env.OBS_API_KEY;
    await source.done;
    expect(shard.texts).toEqual(["a b;c 1 undefined /"]);
    expect(shard.lines[0]!.stream.service).toBe("node");
  });

  it.each<[restart: string, code: number, isRestarted: boolean]>([
    ["always", 0, true], ["always", 1, true], ["on_failure", 0, false], ["on_failure", 1, true], ["never", 1, false],
  ])("with restart %s and exit code %s: started again %s", async (restart, code, isRestarted) => {
    const { source, counters } = await start({ command: `echo x; exit ${code}`, restart, restart_first: "10ms" });
    let isDone = false;
    void source.done.then(() => (isDone = true));
    await expect.poll(() => isDone || counters.get("starts") > 2, WAIT).toBe(true);
    expect([isDone, counters.get("starts") > 1]).toEqual([!isRestarted, isRestarted]);
  });

  it("doubles the delay", async () => {
    const delays: number[] = [];
    const clock = { ...systemClock, after: (ms: number, callback: () => void) => (delays.push(ms), systemClock.after(0, callback)) };
    const { log } = keepingLog();
    const source = createExecSource(execSchema.parse({ command: "exit 1", restart_first: "100ms", restart_longest: "1s" }), new KeepingLineShard(), { clock, log, host: "here", counters: new KeepingCounters() });
    running.push(source);
    await source.start();
    await expect.poll(() => delays.length, WAIT).toBeGreaterThan(5);
    expect(delays.slice(0, 6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it("tells of a command that is not there, and tries again", async () => {
    const { counters, told } = await start({ command: ["/nowhere/program"], restart: "always", restart_first: "10ms" });
    await expect.poll(() => counters.get("start_failures"), WAIT).toBeGreaterThan(1);
    expect(told.join("")).toContain("could not be started");
  });

  it("stops the command and what it has started, first gently", async () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-exec-"));
    const mark = join(folder, "asked");
    const { source, shard } = await start({ command: `trap 'touch ${mark}; exit 0' TERM; sleep 60 & echo $!; while :; do wait; done` });
    await expect.poll(() => shard.texts.length, WAIT).toBe(1);
    await source.stop();
    expect(existsSync(mark)).toBe(true);
    await expect.poll(() => { try { return process.kill(Number(shard.texts[0]), 0); } catch { return "gone"; } }, WAIT).toBe("gone");
    rmSync(folder, { recursive: true });
  });

  it("kills what does not stop", async () => {
    const { source, shard, told } = await start({ command: "trap '' TERM; echo ready; while :; do sleep 0.05; done", stop_timeout: "50ms" });
    await expect.poll(() => shard.texts.length, WAIT).toBe(1);
    await source.stop();
    expect(told.join("")).toContain("signal=SIGKILL");
  });

  it("makes the command wait while it is pushed back, and loses none of its lines", async () => {
    const { source, shard, counters } = await start({ command: "seq 1 200000" });
    shard.block();
    await expect.poll(() => counters.get("bytes_read"), WAIT).toBeGreaterThan(0);
    shard.unblock();
    await source.done;
    expect(shard.texts.length).toBe(200_000);
    expect(counters.get("bytes_read")).toBe(1_288_895);
  });
});
