/** Records of several lines, from file and pipe to backend, with the real binary. */

import { appendFile, mkdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

/** Every third one is a stack trace, every fifth JSON. */
const recordOf = (number: number): string => {
  if (number % 3 === 0) return `2026-03-05T10:00:00Z ERROR ${number} failed\njava.io.IOException: ${number}\n\tat a.B.c(B.java:${number})\nCaused by: d.E\n\t... 1 more`;
  return number % 5 === 0 ? `{"message":"json ${number}"}` : `line ${number}`;
};
/** Time and level of a line are columns of its row. */
const messageOf = (number: number): string => (number % 3 !== 0 && number % 5 === 0 ? `json ${number}` : recordOf(number).replace("2026-03-05T10:00:00Z ERROR ", ""));
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const textOf = (from: number, to: number): string => numbers(from, to).map((number) => `${recordOf(number)}\n`).join("");

describe("records of several lines", () => {
  it("are shipped whole and once over kill -9, and booked", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url);
      let written = 0;
      const write = (records: number): Promise<void> => appendFile(path("logs", "app.log"), textOf(written, (written += records)));
      for (let round = 0; round < 4; round++) {
        await write(1_000);
        const before = backend.received.length;
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await expect.poll(() => backend.received.length, WAIT).toBeGreaterThan(before);
        // Its last line may go on, so it waits, and is read again after the kill.
        await write(1 + round);
        await agent.kill("SIGKILL");
      }
      const last = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThanOrEqual(written);
      expect(backend.messages.toSorted()).toEqual(numbers(0, written).map(messageOf).toSorted());
      const { stdout } = await new AgentProcess({ args: ["status", "--json", "--config", config] }).ended;
      const traces = Math.ceil(written / 3);
      expect(JSON.parse(stdout)).toMatchObject({ lines: { lines: written + traces * 4, joined: traces * 4, blank: 0 }, signals: { logs: { records: written, gap: 0 } } });
      await last.kill("SIGTERM");
    }));

  it("are joined by a group's own patterns, or not at all", () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      await appendFile(path("logs", "begin.log"), "BEGIN 1\na\nBEGIN 2\nb\n");
      await appendFile(path("logs", "off.log"), "one\n  two\n");
      const files = [
        { include: [path("logs", "begin.log")], read_from: "beginning", multiline: { start: "^BEGIN", linger: "50ms" } },
        { include: [path("logs", "off.log")], read_from: "beginning", multiline: "off" },
      ];
      const agent = new AgentProcess({ args: ["run", "--config", await configure(backend.url, { files })] });
      await expect.poll(() => backend.messages.toSorted(), WAIT).toEqual(["  two", "BEGIN 1\na", "BEGIN 2\nb", "one"]);
      await agent.kill("SIGTERM");
    }));

  it("does not ship the rest of a line that was cut before a kill -9", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      await mkdir(path("logs"));
      const config = await configure(backend.url);
      await appendFile(path("logs", "app.log"), "x".repeat(3 * 2 ** 20));
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.map(({ length }) => length), WAIT).toEqual([2 ** 20]);
      await agent.kill("SIGKILL");
      await appendFile(path("logs", "app.log"), "the rest\nnext\n");
      const again = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.length, WAIT).toBe(2);
      expect(backend.messages[1]).toBe("next");
      await again.kill("SIGTERM");
    }));

  it("are joined on standard input, which is shipped to its end", () =>
    withScratch(async ({ folder }) => {
      const env = { OBS_ENDPOINT: backend.url, OBS_API_KEY: "obs_i_test", OBS_AGENT_DATA_DIR: folder };
      const { code, stderr } = await new AgentProcess({ env, input: `\n${textOf(0, 10)}Error: last\n    at x` }).ended;
      expect(backend.messages).toEqual([...numbers(0, 10).map(messageOf), "Error: last\n    at x"]);
      expect([code, stderr]).toEqual([0, expect.stringContaining("shipped 11 lines")]);
    }));
});
