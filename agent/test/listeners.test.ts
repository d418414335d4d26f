/** Sources that listen and run commands, in the real binary: durable before the answer, over kill -9. */

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { decodeMulti, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { freePort } from "./free-port.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

const tcp = (port: number, bytes: Uint8Array | string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const heard: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.on("data", (chunk: Buffer) => heard.push(chunk)).on("error", reject).on("close", () => resolve(Buffer.concat(heard)));
  });

const udp = (port: number, message: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.send(message, port, "127.0.0.1", (error) => socket.close(() => (error ? reject(error) : resolve())));
  });

const post = async (port: number, body: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers: { "content-type": "application/json", "content-encoding": "gzip" }, body: gzipSync(body) })).status;

/** The agent listens when its start is told. */
const listening = (agent: AgentProcess): Promise<void> => expect.poll(() => agent.stderr, WAIT).toContain("obs-agent has started");

describe("listening sources", () => {
  it("ship what they are sent, masked, and account for it", { timeout: 60_000 }, () =>
    withScratch(async ({ configure }) => {
      const [syslog, http, forward] = [await freePort(), await freePort(), await freePort()];
      const config = await configure(backend.url, {
        files: [],
        environment: "test",
        syslog: [{ listen: `127.0.0.1:${syslog}` }],
        http: [{ listen: `127.0.0.1:${http}`, service: "door" }],
        fluent_forward: [{ listen: `127.0.0.1:${forward}`, environment: "other" }],
        exec: [{ command: "echo ran; exit 4", service: "job", restart: "never" }],
      });
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await listening(agent);
      await udp(syslog, "<11>1 2024-01-02T03:04:05Z web-01 app 42 ID7 - from bob@example.com");
      await tcp(syslog, "<14>app: by tcp\n");
      expect(await post(http, '[{"message":"posted","level":"warn","n":1}]')).toBe(204);
      expect([...decodeMulti(await tcp(forward, encode(["tag", [[1_700_000_000, { log: "forwarded" }]], { chunk: "c" }])))]).toEqual([{ ack: "c" }]);
      await expect.poll(() => [...backend.messages].sort(), WAIT).toEqual(["by tcp", "forwarded", "from [EMAIL]", "posted", "ran"]);
      const rows = new Map(backend.messages.map((message, index) => [message, ["service", "host", "environment", "severity"].map((name) => backend.column("logs", name)[index])]));
      const here = rows.get("ran")![1];
      expect(Object.fromEntries(rows)).toEqual({
        "from [EMAIL]": ["app", "web-01", "test", 17],
        "by tcp": ["app", here, "test", 9],
        posted: ["door", here, "test", 13],
        forwarded: ["tag", here, "other", 0],
        ran: ["job", here, "test", 0],
      });
      const { stderr } = await agent.kill("SIGTERM");
      expect(stderr).toContain("the command of an exec source has ended");
    }));

  it("have lost nothing that was answered, after kill -9", { timeout: 60_000 }, () =>
    withScratch(async ({ configure }) => {
      const [http, forward] = [await freePort(), await freePort()];
      const config = await configure(backend.url, { files: [], http: [{ listen: `127.0.0.1:${http}` }], fluent_forward: [{ listen: `127.0.0.1:${forward}` }] });
      backend.fault = () => ({ kind: "refuse", status: 503, code: "store_unavailable" });
      const answered: string[] = [];
      for (let round = 0; round < 3; round++) {
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await listening(agent);
        const sendOne = async (number: number): Promise<void> => {
          const [posted, forwarded] = [`posted ${round} ${number}`, `forwarded ${round} ${number}`];
          if ((await post(http, JSON.stringify([{ message: posted }])).catch(() => 0)) === 204) answered.push(posted);
          const heard = await tcp(forward, encode(["tag", [[1, { log: forwarded }]], { chunk: "c" }])).catch(() => Buffer.alloc(0));
          if (heard.length > 0) answered.push(forwarded);
        };
        const sending = Promise.all(Array.from({ length: 100 }, (_, number) => sendOne(number)));
        const enough = answered.length + 60;
        await expect.poll(() => answered.length, WAIT).toBeGreaterThan(enough);
        await agent.kill("SIGKILL");
        await sending;
      }
      backend.fault = () => ({ kind: "none" });
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => answered.filter((message) => !backend.messages.includes(message)), WAIT).toEqual([]);
      expect(new Set(backend.messages).size).toBe(backend.messages.length);
      await agent.kill("SIGTERM");
    }));
});
