import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../shard/fixtures.ts";
import type { FieldReport } from "../core/field-census.ts";
import { silentLog } from "../core/log.ts";
import { FieldReporter } from "./field-reporter.ts";
import { HttpClient } from "./http-client.ts";

let server: Server;
let bodies: unknown[];
let status: number;
beforeEach(async () => {
  bodies = [];
  status = 200;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      bodies.push({ url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) as unknown });
      response.writeHead(status).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const reportOf = (share: number, name = "user"): FieldReport => ({
  since: 0, others: 0, services: [{ service: "api", sampledRows: 10, lastSeen: 0, others: 0, fields: [{ name, share, types: { string: 9, integer: 1 }, example: "ann", firstSeen: 0, lastSeen: 0 }] }],
}); // prettier-ignore

const INTERVAL_MS = 300_000;
const START_MS = INTERVAL_MS * 0.75;

describe("reporter of fields", () => {
  it("tells when something has changed, and again what did not arrive; and nothing after its end", async () => {
    const clock = new ManualClock();
    let report: FieldReport = { since: 0, others: 0, services: [] };
    const client = new HttpClient({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: 1, timeoutMs: 5_000 });
    const reporter = new FieldReporter({ client, path: "/obs/api/v1/fields", apiKey: "obs_i_x", userAgent: "test", intervalMs: INTERVAL_MS, report: () => report, clock, log: silentLog, random: () => 0.5 });
    /** Lets an interval pass and whatever it began come to an end. */
    const pass = async (expected: number): Promise<void> => {
      clock.advance(START_MS);
      await expect.poll(() => bodies.length, { timeout: 5_000, interval: 5 }).toBe(expected);
      await new Promise((resolve) => setImmediate(resolve));
      await expect.poll(() => clock.waiting, { timeout: 5_000, interval: 5 }).toBe(1);
    };
    reporter.start();
    await pass(0);
    report = reportOf(0.5);
    status = 503;
    await pass(1);
    status = 200;
    await pass(2);
    expect(bodies[1]).toEqual({ url: "/obs/api/v1/fields", authorization: "Bearer obs_i_x", body: { fields: [{ service: "api", name: "user", types: ["integer", "string"], share: 0.5, example: "ann" }] } });
    report = reportOf(0.51);
    await pass(2);
    report = reportOf(0.9);
    await pass(3);
    await reporter.stop();
    clock.advance(INTERVAL_MS);
    expect(bodies).toHaveLength(3);
  });
});
