/** The durable write is real: counted by strace, and survived on a disk that is really full. */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

const hasStrace = spawnSync("strace", ["-V"]).status === 0;

/**
 * Whether this process may mount; not so in most containers. There buffer/damage.test.ts plays the
 * full disk at the border of LevelDB, which always runs.
 */
const mayMount = ((): boolean => {
  const folder = `/tmp/obs-mount-${process.pid}`;
  const script = `mkdir ${folder} && mount -t tmpfs -o size=64k tmpfs ${folder} && umount ${folder}; status=$?; rmdir ${folder} 2>/dev/null; exit $status`;
  return spawnSync("sh", ["-c", script]).status === 0;
})();

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

describe("durability", () => {
  it.skipIf(!hasStrace)("syncs to the disk at least once for every batch that became durable by itself (strace)", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await writeFile(path("logs", "app.log"), "");
      const config = await configure(backend.url);
      const trace = path("trace");
      const agent = new AgentProcess({ args: ["run", "--config", config], prefix: ["strace", "-D", "-f", "-e", "trace=fdatasync", "-o", trace] });
      const syncs = async (): Promise<number> => ((await readFile(trace, "utf8")).match(/fdatasync\(/g) ?? []).length;
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      const atStart = await syncs();
      // One batch after the other: each line is acknowledged before the next is written.
      for (let line = 0; line < 10; line++) {
        await appendFile(path("logs", "app.log"), `line ${line}\n`);
        await expect.poll(() => backend.messages.length, WAIT).toBe(line + 1);
        expect((await syncs()) - atStart).toBeGreaterThanOrEqual(line + 1);
      }
      expect(backend.received.filter(({ attempt }) => attempt === 1)).toHaveLength(10);
      await agent.kill("SIGTERM");
    }));

  for (const size of mayMount ? ["3m"] : [])
    it(`waits on a disk of ${size} that is really full, and loses nothing (tmpfs)`, { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await mkdir(path("small"));
      expect(spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path("small")]).status).toBe(0);
      try {
        backend.fault = () => ({ kind: "refuse", status: 503, code: "store_unavailable" });
        const config = await configure(backend.url, { data_dir: path("small", "data"), buffer: { max_size: "64MB" }, batch: { max_rows: 1000 } });
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await expect.poll(() => agent.stderr, WAIT).toContain("has started");
        // The reserve is a part of the budget: half a megabyte here. Random text does not compress: 6 MB of it on 3 MB of disk.
        const lines = Array.from({ length: 6_000 }, (_, line) => `line ${line} ${randomBytes(750).toString("base64url")}\n`);
        await writeFile(path("logs", "app.log"), lines.join(""));
        await expect.poll(() => agent.stderr, WAIT).toContain("the disk is full");
        backend.fault = () => ({ kind: "none" });
        await expect.poll(() => backend.messages.length, WAIT).toBe(lines.length);
        const numbers = backend.messages.map((message) => Number(message.split(" ")[1])).sort((a, b) => a - b);
        expect(numbers).toEqual(lines.map((_, line) => line));
        const { code, stderr } = await agent.kill("SIGTERM");
        expect(code).toBe(0);
        expect(stderr).toContain("can be written again");
      } finally {
        await rm(path("small", "data"), { recursive: true, force: true });
        spawnSync("umount", ["-l", path("small")]);
      }
    }));
});
