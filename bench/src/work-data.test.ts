import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generateWork, KNOWN_SHA256, writeWork } from "./work-data.ts";

describe("the work of w1 and w2", () => {
  it("is byte for byte what gen_app.py writes", () => {
    const data = generateWork(1, () => undefined);
    expect(data).toEqual({
      lines: 2503,
      bytes: 1048898,
      sha256: KNOWN_SHA256[1],
      sensitive: { email: 27, card: 7, ssn: 6, key: 2 },
    });
  });

  it("is on disk what was hashed, in JSON lines", () => {
    const folder = mkdtempSync(join(tmpdir(), "obs-work-data-"));
    try {
      const path = join(folder, "app.log");
      const data = writeWork(path, 1);
      const bytes = readFileSync(path);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(data.sha256);
      const lines = bytes.toString("utf8").trimEnd().split("\n");
      expect(lines).toHaveLength(data.lines);
      for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toContain("trace_id");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
