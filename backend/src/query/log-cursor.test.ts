import * as fc from "fast-check";
import { expect, it } from "vitest";
import { formatCursor, parseCursor } from "./log-cursor.ts";

it("is read back as it was written", () => {
  const position = fc.record({
    timestampNs: fc.bigInt({ min: -(1n << 62n), max: (1n << 63n) - 1n }),
    batch: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    row: fc.integer({ min: 0, max: 0xffff_ffff }),
  });
  fc.assert(
    fc.property(position, (original) => {
      expect(parseCursor(formatCursor(original))).toEqual(original);
    }),
  );
});

const KEY = "0000000000abcdef-00000007-00000001";
it.each(["", "1", `1_${KEY}`, `1_${KEY}-`, `1_${KEY}-4294967296`, `x_${KEY}-1`, `9223372036854775808_${KEY}-1`, `1_${KEY.toUpperCase()}-1`, ` 1_${KEY}-1`, `1_${KEY}-1\n`])("%j is none", (text) =>
  expect(parseCursor(text)).toBeUndefined(),
);
