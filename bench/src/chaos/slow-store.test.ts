import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SlowStore } from "./slow-store.ts";

const ROWS = "x".repeat(1000);

describe("SlowStore", () => {
  let bodies: string[] = [];
  let begun = 0;
  const store = createServer((request, response) => {
    let body = "";
    begun++;
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      bodies.push(body);
      response.end("stored");
    });
  });
  let slow: SlowStore;
  let url: string;

  beforeEach(async () => {
    [bodies, begun] = [[], 0];
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    slow = new SlowStore(`http://127.0.0.1:${(store.address() as AddressInfo).port}`, () => 300);
    url = await slow.listen();
  });

  afterEach(async () => {
    slow.close();
    store.closeAllConnections();
    await new Promise((resolve) => store.close(resolve));
  });

  const insert = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}/?query=${encodeURIComponent("INSERT INTO logs SELECT * FROM input()")}`, { method: "POST", body: ROWS, signal: signal ?? null });

  it("lets an insert begin at once and end late", async () => {
    const answer = insert();
    await vi.waitUntil(() => begun === 1);
    expect(slow.held()).toBe(1);
    expect(bodies).toEqual([]);
    expect(await (await answer).text()).toBe("stored");
    expect(bodies).toEqual([ROWS]);
    expect([slow.held(), slow.delayed, slow.orphans.committed]).toEqual([0, 1, 0]);
  });

  it("sends the rest of an insert whose backend has died", async () => {
    const backend = new AbortController();
    const answer = insert(backend.signal);
    await vi.waitUntil(() => begun === 1);
    backend.abort();
    await expect(answer).rejects.toThrow("aborted");
    await vi.waitUntil(() => slow.orphans.committed === 1);
    expect(bodies).toEqual([ROWS]);
  });

  it("passes queries on at once", async () => {
    const answer = await fetch(`${url}/?query=SELECT`, { method: "POST", body: ROWS });
    expect(await answer.text()).toBe("stored");
    expect(slow.delayed).toBe(0);
  });
});
