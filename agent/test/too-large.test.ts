/** A backend whose limit for bodies is low, and an agent that is killed while it sends a batch in parts. */

import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startListeningBackend, type ListeningBackend } from "../../backend/test/listening-backend.ts";
import { AgentProcess, withScratch } from "./agent-process.ts";

const WAIT = { timeout: 30_000, interval: 10 };
const LINES = 600;
/** More than the limit, however it is compressed. */
const LONG = `line ${LINES} ${randomBytes(60_000).toString("base64")}`;

let backend: ListeningBackend;
beforeAll(async () => {
  backend = await startListeningBackend({ OBS_BATCH_MAX_BYTES: "16KB" });
});
afterAll(() => backend?.stop());

const storedNumbers = async (): Promise<number[]> => (await backend.logs()).map(({ message }) => Number(/^line (\d+) /.exec(message)![1])).sort((one, other) => one - other);

it("stores each row once over kill -9 between the parts, and sets aside the one that is too large alone", { timeout: 90_000 }, () =>
  withScratch(async ({ path, configure }) => {
    await mkdir(path("logs"));
    const lines = Array.from({ length: LINES }, (_, index) => `line ${index} ${randomBytes(90).toString("base64")}`);
    await writeFile(path("logs", "app.log"), `${[...lines.slice(0, 200), LONG, ...lines.slice(200)].join("\n")}\n`);
    const config = await configure(backend.url, { api_key: backend.apiKey, batch: { linger: "1s" }, send: { max_in_flight: 1, retry_first: "50ms", retry_longest: "200ms" } });
    const status = async () => JSON.parse((await new AgentProcess({ args: ["status", "--json", "--config", config] }).ended).stdout);
    for (let kill = 0; kill < 2; kill++) {
      const before = (await backend.logs()).length;
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(async () => (await backend.logs()).length, WAIT).toBeGreaterThan(before);
      await agent.kill("SIGKILL");
      expect((await backend.logs()).length).toBeLessThan(LINES);
    }
    const agent = new AgentProcess({ args: ["run", "--config", config] });
    await expect.poll(async () => (await backend.logs()).length, WAIT).toBe(LINES);
    await expect.poll(async () => (await status()).signals.logs, WAIT).toMatchObject({ records: LINES + 1, stored: LINES, refused: {}, deadLettered: 1, gap: 0 });
    expect(await storedNumbers()).toEqual([...Array(LINES).keys()]);
    const { code, stderr } = await agent.kill("SIGTERM");
    expect(code).toBe(0);
    expect(stderr).toContain("it is kept as a dead letter");
    const listed = await new AgentProcess({ args: ["buffer", "ls", "--json", "--config", config] }).ended;
    expect(listed.stdout).toMatch(/"key": ?"[0-9a-f-]{34}\.200-201"/);
    const dump = await new AgentProcess({ args: ["buffer", "dump", "--config", config] }).ended;
    expect(dump.stdout).toContain(LONG.slice(0, 1_000));
  }));
