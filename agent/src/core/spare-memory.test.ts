import { expect, it } from "vitest";
import { SpareMemory } from "./spare-memory.ts";

const LARGE = 200_000;

it("hands out again what was given back, when it is large enough", () => {
  const memory = new SpareMemory(2);
  const first = memory.take(LARGE);
  memory.give(first);
  const second = memory.take(LARGE + 1);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(LARGE + 1);
  memory.give(second);
  expect(memory.take(10 * LARGE)).toHaveLength(10 * LARGE);
});

it("never hands out the same bytes twice at one time", () => {
  const memory = new SpareMemory(2);
  const first = memory.take(LARGE);
  memory.give(first);
  memory.give(first);
  const taken = [memory.take(LARGE), memory.take(LARGE), memory.take(LARGE)];
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(3);
});

it("keeps no more than it may, and nothing of another origin", () => {
  const memory = new SpareMemory(1);
  const taken = [memory.take(LARGE), memory.take(LARGE)];
  for (const bytes of [...taken, Buffer.alloc(LARGE)]) memory.give(bytes);
  expect(memory.take(LARGE).buffer).toBe(taken[0]!.buffer);
  expect([taken[1]!.buffer]).not.toContain(memory.take(LARGE).buffer);
});

it("small bytes are not worth keeping", () => {
  const memory = new SpareMemory(1);
  const small = memory.take(10);
  memory.give(small);
  expect(small).toHaveLength(10);
});
