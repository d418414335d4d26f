import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withFolder } from "./fixtures.ts";
import { Reserve } from "./reserve.ts";

describe("reserve", () => {
  it("takes its part of the budget, gives it up, and takes it again", () =>
    withFolder(async (folder) => {
      const reserve = new Reserve(folder, 16 << 20);
      const size = (): Promise<number | undefined> => stat(join(folder, "reserve")).then((found) => found.size, () => undefined);
      expect(await reserve.take()).toBe(true);
      expect(await size()).toBe(128 << 10);
      await reserve.give();
      expect(await size()).toBeUndefined();
      expect(await reserve.take()).toBe(true);
      expect(await new Reserve(folder, 16 << 20).take()).toBe(true);
      expect(await size()).toBe(128 << 10);
    }));

  it("says so when there is no room, and leaves nothing behind", async () => {
    expect(await new Reserve("/proc/nowhere", 16 << 20).take()).toBe(false);
  });

  it("knows whether there is room beyond it", () =>
    withFolder(async (folder) => {
      const reserve = new Reserve(folder, 16 << 20);
      expect(await reserve.hasRoomBeyond(1)).toBe(true);
      expect(await reserve.hasRoomBeyond(2 ** 60)).toBe(false);
    }));
});
