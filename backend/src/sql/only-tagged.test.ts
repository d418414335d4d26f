/** No SQL outside of `sql` templates: the builder's promises hold only for what goes through it. */

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCE = join(import.meta.dirname, "..");
/** They make text for ClickHouse's own files and its schema, before there is any tenant. */
const EXEMPT = new Set(["store/embedded/config-files.ts", "store/schema/tables.ts", "store/schema/migrations.ts", "testing.ts"]);

const STATEMENT = /^\s*(?:SELECT\s[^`"']*\bFROM\b|INSERT\s+INTO\b|ALTER\s+TABLE\b|CREATE\s+(?:TABLE|DATABASE|USER|VIEW)\b|DROP\s+(?:TABLE|DATABASE)\b|SYSTEM\s+[A-Z]+\b|KILL\s+QUERY\b)/;
/** String and template literals, what stands before them and whether a `+` follows; good enough for formatted code. */
const LITERAL = /([\w$]*)\s*(`(?:[^`\\]|\\[^])*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(\s*\+)?/g;

/** Untagged SQL. `constants`: the store's own DDL may be text that no value can get into. */
const violations = (code: string, constants = false): string[] =>
  [...code.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "").matchAll(LITERAL)]
    .filter(([, tag, literal, plus]) => tag !== "sql" && STATEMENT.test(literal!.slice(1)) && !(constants && !plus && !literal!.includes("${")))
    .map(([found]) => found);

it("knows SQL when it sees it", () => {
  expect(violations("store.read('SELECT 1 FROM logs')")).toHaveLength(1);
  expect(violations("const x = `INSERT INTO logs VALUES (${y})`;", true)).toHaveLength(1);
  expect(violations('const x = "INSERT INTO logs VALUES (" + y;', true)).toHaveLength(1);
  expect(violations('const x = "CREATE TABLE a (b UInt8)";', true)).toHaveLength(0);
  expect(violations("scope.statement(sql`SELECT 1 ${scope.from('logs')} FROM x`)")).toHaveLength(0);
});

// meta/ speaks to the metadata database, whose SQL Kysely builds.
it.each(globSync("**/*.ts", { cwd: SOURCE }).filter((file) => !file.endsWith(".test.ts") && !file.startsWith("meta/") && !EXEMPT.has(file)))("%s", (file) => {
  expect(violations(readFileSync(join(SOURCE, file), "utf8"), file.startsWith("store/"))).toEqual([]);
});
