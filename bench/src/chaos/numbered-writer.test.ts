import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { PythonRandom } from "../work/python-random.ts";
import { messageOf, NumberedWriter } from "./numbered-writer.ts";

it("writes every number once and in whole, over rotations of both kinds", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  const folder = mkdtempSync(join(tmpdir(), "obs-writer-"));
  try {
    const writer = new NumberedWriter({
      folder,
      files: 3,
      linesPerSecond: 8000,
      rotateEveryMs: 500,
      stamp: () => Date.now(),
      random: new PythonRandom(7),
    });
    writer.start();
    writer.beginRotation();
    vi.advanceTimersByTime(5000);
    writer.stop();
    const files = readdirSync(folder);
    const lines = files.flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n").filter(Boolean));
    const numbers = lines.map((line) => {
      const { number, message } = JSON.parse(line) as { number: number; message: string };
      expect(message).toBe(messageOf(number));
      return number;
    });
    expect(writer.written).toBeGreaterThan(39_000);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: writer.written }, (_, i) => i));
    expect(writer.rotations).toBeGreaterThan(10);
    expect(files.length).toBeGreaterThan(10);
  } finally {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  }
});
