/** The agent as it is published: bundled. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A bundle of its own: other tests make theirs at the same time. */
const NAME = `bundle-test-${process.pid}`;
const BUNDLED = new URL(`../dist/${NAME}/cli.js`, import.meta.url);

beforeAll(() => void execFileSync(process.execPath, [".dev/bundle-agent.ts", NAME], { cwd: ROOT }));
afterAll(() => rmSync(new URL(".", BUNDLED), { recursive: true, force: true }));

describe("the bundled agent", () => {
  it("ships a pipe, and has the compiled row pass beside it", async () => {
    const backend = await BackendDouble.start();
    try {
      await withScratch(async ({ path }) => {
        const lines = Array.from({ length: 100 }, (_, number) => JSON.stringify({ level: "info", message: `line ${number} of a@example.com` })).join("\n");
        const env = { OBS_ENDPOINT: backend.url, OBS_API_KEY: "obs_i_test", OBS_AGENT_DATA_DIR: path("data"), OBS_AGENT_LISTEN: "off" };
        const ended = await new AgentProcess({ cli: fileURLToPath(BUNDLED), args: ["stdin"], env, input: `${lines}\n` }).ended;
        expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining("100 lines") });
      });
      expect(backend.messages).toHaveLength(100);
      expect(backend.messages[7]).toBe("line 7 of [EMAIL]");
      // Where it is missing, TypeScript works in its place, and nothing else tells.
      expect(readFileSync(new URL("wasm/row-pass.wasm", BUNDLED))).toEqual(readFileSync(new URL("../src/rows/wasm/row-pass.wasm", import.meta.url)));
    } finally {
      await backend.close();
    }
  });

  it("runs modules of the user's own", async () => {
    const backend = await BackendDouble.start();
    try {
      await withScratch(async ({ path, configure, folder }) => {
        chmodSync(folder, 0o755);
        writeFileSync(path("source.ts"), 'export default { run: async ({ emit }: { emit: (records: object[]) => Promise<void> }) => emit([{ message: "one" }, { message: "two" }]) };', { mode: 0o644 });
        writeFileSync(path("transform.mjs"), 'export default () => (record) => (record.message === "one" ? undefined : { ...record, message: "changed" });', { mode: 0o644 });
        const plugins = [{ name: "own", module: path("source.ts"), transforms: [{ module: path("transform.mjs") }] }];
        const agent = new AgentProcess({ cli: fileURLToPath(BUNDLED), args: ["run", "--config", await configure(backend.url, { plugins })] });
        await expect.poll(() => backend.messages, { timeout: 20_000 }).toEqual(["changed"]);
        expect((await agent.kill("SIGTERM")).code).toBe(0);
      });
    } finally {
      await backend.close();
    }
  });

  it("makes rows in worker threads", async () => {
    const backend = await BackendDouble.start();
    try {
      await withScratch(async ({ path, configure }) => {
        mkdirSync(path("logs"));
        for (const name of ["a", "b"]) writeFileSync(path("logs", `${name}.log`), `one of ${name}\ntwo of ${name}\n`);
        const agent = new AgentProcess({ cli: fileURLToPath(BUNDLED), args: ["run", "--config", await configure(backend.url, { workers: 2 })] });
        await expect.poll(() => backend.messages.length, { timeout: 20_000 }).toBe(4);
        expect((await agent.kill("SIGTERM")).code).toBe(0);
      });
      expect(backend.messages.toSorted()).toEqual(["one of a", "one of b", "two of a", "two of b"]);
    } finally {
      await backend.close();
    }
  });
});
