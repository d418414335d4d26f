import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BATCH_HEADERS, batchPath } from "@obs/wire";
import { DelayingProxy } from "./delaying-proxy.ts";

const ACK = { stored: 9, refused: { too_old: 1 }, serverTime: "2026-01-01T00:00:00Z", storeBoot: "b", policyVersion: 1 };

describe("DelayingProxy", () => {
  /** Batches that the backend has got; each is answered when the test calls it. */
  let committing: (() => void)[] = [];
  const backend = createServer((request, response) => {
    request.resume().on("end", () => {
      if (request.url === "/readyz") response.end("ok");
      else committing.push(() => response.end(JSON.stringify(ACK)));
    });
  });
  let proxy: DelayingProxy;
  let url: string;

  beforeEach(async () => {
    committing = [];
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    proxy = new DelayingProxy(`http://127.0.0.1:${(backend.address() as AddressInfo).port}`, 200);
    url = await proxy.listen();
  });

  afterEach(async () => {
    await proxy.close();
    backend.closeAllConnections();
    await new Promise((resolve) => backend.close(resolve));
  });

  const send = (key: string, attempt: number): Promise<Response> =>
    fetch(`${url}${batchPath("logs")}`, {
      method: "POST",
      headers: { [BATCH_HEADERS.batch]: key, [BATCH_HEADERS.rows]: "10", [BATCH_HEADERS.attempt]: String(attempt) },
      body: "rows",
    });

  it("knows the phase of a batch and holds its acknowledgement back", async () => {
    const answer = send("a", 1);
    await vi.waitUntil(() => committing.length === 1);
    expect([proxy.inFlight("committing"), proxy.inFlight("held")]).toEqual([1, 0]);
    committing[0]!();
    await vi.waitUntil(() => proxy.inFlight("held") === 1);
    expect(proxy.acknowledgedRows).toBe(0);
    expect(await (await answer).json()).toEqual(ACK);
    await vi.waitUntil(() => proxy.acknowledgedRows === 10);
    expect(proxy.refusedRows).toBe(1);
    expect(proxy.inFlight()).toBe(0);
  });

  it("loses held acknowledgements when it is cut, and counts the repeat once", async () => {
    const lost = send("a", 1);
    await vi.waitUntil(() => committing.length === 1);
    committing[0]!();
    await vi.waitUntil(() => proxy.inFlight("held") === 1);
    proxy.cut();
    await expect(lost).rejects.toThrow("fetch failed");
    expect(proxy.acknowledgedBatches).toBe(0);
    for (const attempt of [2, 3]) {
      const repeat = send("a", attempt);
      await vi.waitUntil(() => committing.length === attempt);
      committing[attempt - 1]!();
      expect((await repeat).status).toBe(200);
    }
    await vi.waitUntil(() => proxy.repeats === 2);
    expect(proxy.acknowledgedRows).toBe(10);
    expect(proxy.refusedRows).toBe(1);
  });

  it("passes everything else on at once", async () => {
    expect(await (await fetch(`${url}/readyz`)).text()).toBe("ok");
  });
});
