/** Debian's logrotate turns files over while they are written and the real agent follows. */

import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const LOGROTATE = ["/usr/sbin/logrotate", "/usr/bin/logrotate"].find((path) => existsSync(path));
const WAIT = { timeout: 30_000, interval: 20 };
const ROTATIONS = 4;
const run = promisify(execFile);

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

/** Appends numbered lines; knows nothing of rotation until it is told to open its file again. */
class Writer {
  readonly #path: string;
  #descriptor: number;
  #timer: NodeJS.Timeout | undefined;
  written = 0;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, "a");
    this.resume();
  }

  resume(): void {
    this.#timer = setInterval(() => {
      for (let line = 0; line < 10; line++) writeSync(this.#descriptor, `line ${this.written++} ${"x".repeat(this.written % 90)}\n`);
    }, 2);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  reopen(): void {
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.#path, "a");
  }

  close(): void {
    this.pause();
    closeSync(this.#descriptor);
  }
}

/** False: a name by date is taken until the next second. */
const rotate = (state: string, config: string): Promise<boolean> =>
  run(LOGROTATE!, ["--force", "--state", state, config]).then(
    () => true,
    (error: Error) => {
      if (error.message.includes("already exists")) return false;
      throw error;
    },
  );

const numbers = (): number[] => backend.messages.map((message) => Number(/^line (\d+) x*$/.exec(message)?.[1] ?? Number.NaN)).sort((a, b) => a - b);

describe.skipIf(!LOGROTATE)("logrotate", () => {
  it.each([
    ["renames and creates", ["create"], /app\.log\.\d+$/],
    ["renames, creates and compresses at once", ["create", "compress"], /app\.log\.\d+\.gz$/],
    ["renames by date and compresses one later", ["create", "compress", "delaycompress", "dateext", "dateformat -%Y%m%d-%s"], /app\.log-\d{8}-\d+\.gz$/],
    // Between its copy and its truncation lines would be lost by logrotate itself: the writer rests.
    ["copies and truncates", ["copytruncate"], /app\.log\.\d+$/],
    ["copies, truncates and compresses one later", ["copytruncate", "compress", "delaycompress"], /app\.log\.\d+\.gz$/],
  ])("%s: every line once", (_, options, rotated) =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const file = path("logs", "app.log");
      await writeFile(path("logrotate.conf"), `${file} {\n${["rotate 20", "missingok", ...options].map((option) => `  ${option}\n`).join("")}}\n`, { mode: 0o644 });
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url, { files: [{ include: [path("logs", "app.log*")], read_from: "beginning" }] })] });
      await expect.poll(() => agent.stderr, WAIT).toContain("has started");
      const writer = new Writer(file);
      try {
        for (let rotation = 0; rotation < ROTATIONS; rotation++) {
          const before = writer.written;
          await expect.poll(() => writer.written, WAIT).toBeGreaterThan(before + 500);
          const rests = options.includes("copytruncate");
          if (rests) writer.pause();
          // A file that is truncated before anybody has read it is gone.
          await expect.poll(() => !rests || backend.messages.length === writer.written, WAIT).toBe(true);
          await expect.poll(() => rotate(path("state"), path("logrotate.conf")), WAIT).toBe(true);
          if (rests) writer.resume();
          else writer.reopen();
        }
        const before = writer.written;
        await expect.poll(() => writer.written, WAIT).toBeGreaterThan(before + 100);
      } finally {
        writer.close();
      }
      expect((await readdir(path("logs"))).some((name) => rotated.test(name))).toBe(true);
      await expect.poll(() => numbers().length, WAIT).toBeGreaterThanOrEqual(writer.written);
      expect((await agent.kill("SIGTERM")).code).toBe(0);
      expect(numbers()).toEqual(Array.from({ length: writer.written }, (_value, number) => number));
    }),
  );
});
