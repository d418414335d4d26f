/**
 * `testdata/NAME` is a configuration as its agent's public documentation writes them; `testdata/NAME.expected`
 * is what becomes of it and the report. `UPDATE_CONVERSIONS=1` writes the latter anew, to be read.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { interpolate } from "../../config/interpolate.ts";
import { loadConfig } from "../../config/load.ts";
import { painter } from "../paint.ts";
import { ourVariables } from "./conversion.ts";
import { parseClassic } from "./fluent-bit-classic.ts";
import { reportOf, yamlOf } from "./index.ts";
import { convertText } from "./read.ts";

const FOLDER = new URL("testdata/", import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), "obs-convert-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const outcome = (name: string): { yaml: string; text: string; format: string } => {
  const { format, conversion } = convertText(readFileSync(new URL(name, FOLDER), "utf8"), name);
  const yaml = yamlOf(conversion.config, `From the ${format} configuration ${name}, by obs-agent convert.`);
  return { format, yaml, text: `${yaml}---\n${reportOf(conversion.findings, painter({}))}` };
};

const NAMES = readdirSync(FOLDER).filter((name) => !name.endsWith(".expected"));

describe("conversion", () => {
  it.each(NAMES)("of %s", async (name) => {
    const { yaml, text, format } = outcome(name);
    const expected = new URL(`${name}.expected`, FOLDER);
    if (process.env.UPDATE_CONVERSIONS) writeFileSync(expected, text);
    expect(text).toBe(readFileSync(expected, "utf8"));
    expect(name.startsWith(format)).toBe(true);
    expect(text).not.toContain("not-to-be-copied");
    const path = join(scratch, "config.yaml");
    writeFileSync(path, yaml);
    expect(await loadConfig([path], { NODE_NAME: "n1", APP: "shop", HOSTNAME: "h1", list: "x" })).toMatchObject({ config: { files: expect.any(Array) } });
  });

  it.each([
    ["- a", "x.yaml", "it holds no options"],
    ["", "x.yaml", "--from"],
    ["a: [", "x.yaml", ""],
    ["a: 1", "x.yaml", "--from"],
    ["[a\n", "x.toml", ""],
  ])("refuses %j", (text, name, message) => expect(() => convertText(text, name)).toThrow(message));

  it("takes the word of the person for whose it is", () => expect(convertText("sources: {}\nscrape_configs: []\n", "x.yaml", "promtail").format).toBe("promtail"));
});

describe("variables of other agents", () => {
  it.each([
    ["${A}/$B", "${A}/${B}"], ["${A:-x}", "${A:-x}"], ["${A:x y}", "${A:-x y}"], ["${A:?set it}", "${A:?set it}"], ["5$", "5$$"], ["$$A", "$$A"], ["${path.config}", "$${path.config}"],
  ])("%s is %s", (theirs, ours) => expect(ourVariables(theirs)).toBe(ours));

  it("never make text that ours refuses", () => {
    const environment = new Proxy({}, { get: () => "set" }) as Record<string, string>;
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "_", "1", ":", "-", "?", " ", "/", ".") }), (text) => {
      expect(() => interpolate(ourVariables(text), environment)).not.toThrow();
    }));
  });
});

describe("classic format", () => {
  it("reads whatever it is given, and counts lines that are none of it", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("[", "]", "INPUT", " ", "\n", "Name", "tail", "#", "@SET ", "=", "@INCLUDE ") }), (text) => {
      const { sections, includes, strange } = parseClassic(text);
      expect(sections.length + includes.length + strange.length).toBeLessThanOrEqual(text.split("\n").length);
    }));
  });
});
