import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generatedDocs } from "../src/docs-reference.ts";

describe("generated docs", () => {
  for (const [name, text] of Object.entries(generatedDocs()))
    it(`${name} is what the code says (else: node agent/src/docs-reference.ts)`, () => {
      expect(readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8")).toBe(text);
    });
});
