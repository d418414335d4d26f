import { describe, expect, it } from "vitest";
import { conservationGap } from "../core/conservation.ts";
import { STREAM_NAMES } from "@obs/wire";
import { silentLog } from "../core/log.ts";
import { AgentError } from "../errors.ts";
import { openDatabase } from "./database.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import { ack, commitBatch, LARGE, open, takeAll, withFolder } from "./fixtures.ts";
import { META_LEDGER } from "./keys.ts";

const gaps = (buffer: DiskBuffer): number[] => STREAM_NAMES.map((stream) => conservationGap(buffer.state().ledger.signals[stream], buffer.state().rows[stream]));

describe("disk buffer", () => {
  for (const bytes of [100, LARGE])
    it(`gives back what was committed, with its positions, after a restart (${bytes} bytes)`, () =>
      withFolder(async (folder) => {
        const first = await open(folder);
        const batch = await commitBatch(first, { bytes, positions: { "file/1": "offset 7" }, tenant: "acme" });
        const [fresh] = await takeAll(first);
        expect(fresh).toMatchObject({ key: batch.key, attempt: 1, rows: 10, tenant: "acme", firstNs: 1n, lastNs: 2n ** 60n });
        await first.close();

        const second = await open(folder);
        expect(Buffer.from(second.positions.get("file/1")!).toString()).toBe("offset 7");
        const [found] = await takeAll(second);
        expect(found).toMatchObject({ key: batch.key, attempt: 2, rawBytes: bytes * 4 });
        expect(Buffer.from(found!.body).equals(Buffer.from(batch.body))).toBe(true);
        expect(second.state().agentId).toBe(first.state().agentId);
        await second.main.acknowledge(found!, ack(10));
        expect(second.state()).toMatchObject({ batches: 0, bytes: 0 });
        await second.close();
      }));

  it("hands out found batches first, then its own, each once and in the order of keys", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      const early = [];
      for (let i = 0; i < 150; i++) early.push((await commitBatch(first)).key);
      await first.close();
      const second = await open(folder);
      const late = [];
      for (let i = 0; i < 70; i++) late.push((await commitBatch(second)).key);
      const taken = await takeAll(second);
      expect(taken.map(({ key }) => key)).toEqual([...early, ...late]);
      const more = await commitBatch(second);
      expect((await takeAll(second)).map(({ key }) => key)).toEqual([more.key]);
      await second.close();
    }));

  it("opens what an agent left that knew fewer streams", () =>
    withFolder(async (folder) => {
      const first = await open(folder);
      await commitBatch(first);
      await first.close();
      const { database } = await openDatabase(folder, silentLog);
      const ledger = JSON.parse(Buffer.from((await database.get(META_LEDGER))!).toString()) as { signals: Record<string, unknown> };
      delete ledger.signals["spans"];
      await database.put(META_LEDGER, Buffer.from(JSON.stringify(ledger)), { sync: true });
      await database.close();
      const second = await open(folder);
      await commitBatch(second, { stream: "spans" });
      expect(gaps(second)).toEqual(STREAM_NAMES.map(() => 0));
      expect(second.state().ledger.signals).toMatchObject({ logs: { records: 10 }, spans: { records: 10 } });
      await second.close();
    }));

  it("goes on with a new agent id behind what was sealed under the old one", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      const old = await commitBatch(buffer);
      const [first] = await takeAll(buffer);
      await buffer.leaveAgentId(first!);
      const id = buffer.state().agentId;
      await buffer.leaveAgentId(first!);
      expect(buffer.state().agentId).toBe(id);
      const young = await commitBatch(buffer);
      expect(young.key.startsWith(id)).toBe(true);
      expect([first!, ...(await takeAll(buffer))].map(({ key }) => key)).toEqual([old.key, young.key]);
      await buffer.close();
      const again = await open(folder);
      expect(again.state().agentId).toBe(id);
      await again.close();
    }));

  it("joins commits that wait into fewer writes", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      await Promise.all(Array.from({ length: 50 }, () => commitBatch(buffer, { bytes: LARGE })));
      expect(buffer.state().batches).toBe(50);
      expect(buffer.state().commits).toBeLessThanOrEqual(2);
      await buffer.close();
    }));

  it("forgets a position that became empty, and takes positions without rows", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      await commitBatch(buffer, { positions: { gone: "x" } });
      await buffer.commit({ batches: [], positions: new Map([["gone", new Uint8Array(0)], ["blank", Buffer.from("y")]]), lines: { lines: 3, blank: 3, joined: 0 } });
      await buffer.close();
      const again = await open(folder);
      expect([...again.positions.keys()]).toEqual(["blank"]);
      expect(again.state().ledger).toMatchObject({ lines: 13, blank: 3 });
      await again.close();
    }));

  it("keeps the law of conservation through acknowledgements, refusals and dead letters, over restarts", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      for (let i = 0; i < 4; i++) await commitBatch(buffer, { bytes: i % 2 ? LARGE : 50 });
      await commitBatch(buffer, { stream: "samples", rows: 5 });
      const [one, two, three] = await takeAll(buffer);
      await buffer.main.acknowledge(one!, ack(8, "boot", { too_old: 2 }));
      await buffer.main.deadLetter(two!, "batch_malformed");
      await buffer.main.acknowledge(three!, ack(10));
      expect(gaps(buffer)).toEqual(STREAM_NAMES.map(() => 0));
      await buffer.close();
      const again = await open(folder);
      expect(gaps(again)).toEqual(STREAM_NAMES.map(() => 0));
      expect(again.state().ledger.signals.logs).toEqual({ records: 40, stored: 18, refused: { too_old: 2 }, dropped: {}, deadLettered: 10 });
      expect(again.state()).toMatchObject({ rows: { logs: 10, samples: 5 }, deadLetterBatches: 1, deadLetterBytes: LARGE });
      await again.close();
    }));

  it("bounds the dead letters, oldest first", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { deadLetterMaxBytes: 250 });
      for (let i = 0; i < 4; i++) await commitBatch(buffer, { bytes: 100 });
      for (const batch of await takeAll(buffer)) await buffer.main.deadLetter(batch, "batch_malformed");
      expect(buffer.state()).toMatchObject({ deadLetterBatches: 2, deadLetterBytes: 200, batches: 0 });
      expect(buffer.state().ledger.signals.logs.deadLettered).toBe(40);
      await buffer.close();
    }));

  it("makes sources wait while it is over its budget", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { maxBytes: 150_000 });
      await buffer.whenRoom();
      await commitBatch(buffer, { bytes: LARGE });
      await commitBatch(buffer, { bytes: LARGE });
      let hasRoom = false;
      const waiting = buffer.whenRoom().then(() => (hasRoom = true));
      const taken = await takeAll(buffer);
      expect(hasRoom).toBe(false);
      // One segment holds both: it goes when the second one is settled.
      for (const batch of taken) await buffer.main.acknowledge(batch, ack(10));
      await waiting;
      const aborted = new AbortController();
      await commitBatch(buffer, { bytes: 2 * LARGE });
      const other = buffer.whenRoom(aborted.signal);
      aborted.abort();
      await other;
      await buffer.close();
    }));

  it("asks again about what another boot of the store had acknowledged", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { keepAcknowledgedMs: 60_000 });
      const batch = await commitBatch(buffer, { bytes: LARGE });
      await commitBatch(buffer);
      const [first, second] = await takeAll(buffer);
      await buffer.main.acknowledge(first!, ack(10, "boot-1"));
      expect(buffer.state()).toMatchObject({ acknowledgedBatches: 1, rows: { logs: 10 } });
      await buffer.main.acknowledge(second!, ack(10, "boot-2"));
      const [repeat] = await takeAll(buffer);
      expect(repeat).toMatchObject({ key: batch.key, attempt: 2 });
      expect(gaps(buffer)).toEqual(STREAM_NAMES.map(() => 0));
      await buffer.main.acknowledge(repeat!, ack(10, "boot-2"));
      // A boot that was seen before is no news: two backends may each name their own store.
      await commitBatch(buffer);
      await buffer.main.acknowledge((await takeAll(buffer))[0]!, ack(10, "boot-1"));
      expect(await takeAll(buffer)).toEqual([]);
      expect(buffer.state().ledger.signals.logs).toMatchObject({ records: 30, stored: 30 });
      await buffer.close();
    }));

  it("asks again over a restart, and lets go of acknowledged batches in time or for room", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder, { keepAcknowledgedMs: 60_000 });
      await commitBatch(buffer, { bytes: LARGE });
      await buffer.main.acknowledge((await takeAll(buffer))[0]!, ack(10, "boot-1"));
      await buffer.close();
      const later = await open(folder, { keepAcknowledgedMs: 60_000 });
      await commitBatch(later);
      await later.main.acknowledge((await takeAll(later))[0]!, ack(10, "boot-2"));
      expect(await takeAll(later)).toHaveLength(1);
      await later.close();
      const full = await open(folder, { keepAcknowledgedMs: 60_000, maxBytes: 1000 });
      for (const batch of await takeAll(full)) await full.main.acknowledge(batch, ack(10, "boot-2"));
      await full.whenRoom();
      expect(full.state()).toMatchObject({ acknowledgedBatches: 0, bytes: 0 });
      await full.close();
    }));

  it("refuses a second opening of its folder with one clear line", () =>
    withFolder(async (folder) => {
      const buffer = await open(folder);
      const second = open(folder);
      await expect(second).rejects.toBeInstanceOf(AgentError);
      await expect(second).rejects.toMatchObject({ code: "data_dir_locked", exitCode: 1 });
      await buffer.close();
      await (await open(folder)).close();
    }));
});
