import { expect, it } from "vitest";
import { TargetLoops } from "./target-loops.ts";
import type { Target } from "./target.ts";

const target = (key: string): Target => ({ key }) as Target;

const watched = () => {
  const now: string[] = [];
  const loops = new TargetLoops(
    ({ key }, signal) =>
      new Promise((resolve) => {
        now.push(key);
        signal.addEventListener("abort", () => {
          now.splice(now.indexOf(key), 1);
          resolve();
        });
      }),
  );
  return { now, loops };
};

it("runs one loop per target for as long as any group has it", async () => {
  const { now, loops } = watched();
  loops.put("one", [target("a"), target("b"), target("a")]);
  loops.put("two", [target("b"), target("c")]);
  expect(now).toEqual(["a", "b", "c"]);
  loops.put("one", [target("c")]);
  expect(now).toEqual(["b", "c"]);
  loops.put("two", []);
  expect(now).toEqual(["c"]);
  loops.put("two", []);
  loops.put("one", []);
  expect(now).toEqual([]);
  loops.put("one", [target("a")]);
  expect(now).toEqual(["a"]);
  loops.stop();
  loops.put("one", [target("d")]);
  await loops.ended();
  expect(now).toEqual([]);
});
