/** docs/search.md says what the code does. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CORE_FIELD_NAMES } from "./fields.ts";
import { MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_LENGTH, parseLucene } from "./lucene/parse.ts";
import { METRIC_FUNCTIONS } from "./metrics/functions.ts";
import { MAX_SERIES } from "./metrics/query-range.ts";
import { MAX_POINTS } from "./metrics/step.ts";

const REFERENCE = readFileSync(join(import.meta.dirname, "../../docs/search.md"), "utf8");

const section = (title: string): string => REFERENCE.split(`# ${title}\n`)[1]!.split(/^#+ /m)[0]!;
/** Code spans of each row of the section's table, by cell. */
const table = (title: string): string[][][] =>
  section(title)
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | ").map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!)));

it("lists the fields and their names", () => {
  expect(table("Fields").map(([name, also]) => [...name!, ...also!])).toEqual(CORE_FIELD_NAMES);
});

it.each(table("Queries").flatMap(([queries]) => queries!))("has a query that parses: %s", (query) => {
  expect(() => parseLucene(query, { nowMs: Date.now() })).not.toThrow();
});

it("tells the limits", () => {
  const plain = REFERENCE.replaceAll(/(\d),(\d{3})/g, "$1$2").replaceAll(/(\d),(\d{3})/g, "$1$2");
  for (const limit of [`${MAX_QUERY_LENGTH} characters`, `${MAX_CONDITIONS} conditions`, `${MAX_DEPTH} levels`, `${MAX_POINTS} points`, `${MAX_SERIES} series`]) expect(plain).toContain(limit);
});

it("lists the functions of metrics", () => {
  const first = table("Reading metrics").map(([name]) => name![0]!);
  expect(first.slice(-METRIC_FUNCTIONS.length)).toEqual([...METRIC_FUNCTIONS]);
});
