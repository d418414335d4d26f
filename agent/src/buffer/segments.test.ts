import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSegments } from "./segments.ts";

const withSegments = async (run: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "obs-segments-"));
  await run(folder).finally(() => rm(folder, { recursive: true, force: true }));
};

const held = (text: string, holders = 1) => ({ body: Buffer.from(text), holders });

describe("segments", () => {
  it("gives back what was written, from one file until that is full, then from the next", () =>
    withSegments(async (folder) => {
      const segments = await openSegments(folder, 10);
      const [one, two] = await segments.append([held("first"), held("second")]);
      const [three] = await segments.append([held("third")]);
      expect([one, two, three].map((place) => place!.segment)).toEqual([1, 1, 2]);
      expect((await segments.read(two!, Buffer.alloc(6))).toString()).toBe("second");
      expect((await segments.read(three!, Buffer.alloc(5))).toString()).toBe("third");
      expect(segments.bytes).toBe(16);
      await segments.release(one!);
      expect(await readdir(folder)).toHaveLength(2);
      await segments.release(two!);
      expect(await readdir(folder)).toEqual(["0000000002.seg"]);
      await segments.close();
    }));

  it("keeps a file that is written to while its last entry is let go", () =>
    withSegments(async (folder) => {
      const segments = await openSegments(folder, 1_000);
      const [old] = await segments.append([held("old")]);
      const appending = segments.append([held("new")]);
      await segments.release(old!);
      const [young] = await appending;
      expect((await segments.read(young!, Buffer.alloc(3))).toString()).toBe("new");
      await segments.close();
    }));

  it("never appends to a file of an earlier process", () =>
    withSegments(async (folder) => {
      const first = await openSegments(folder, 1_000);
      const [place] = await first.append([held("old")]);
      await first.close();
      const second = await openSegments(folder, 1_000);
      expect(second.retain(place!, 3)).toBe(true);
      expect(second.retain(place!, 4)).toBe(false);
      await second.removeUnused();
      const [next] = await second.append([held("new")]);
      expect(next!.segment).toBe(place!.segment + 1);
      await second.close();
    }));
});
