import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readClauses } from "./query-clauses.ts";

const short = (query: string): string[] =>
  readClauses(query).clauses.map((c) => `${c.negated ? "-" : "+"}${c.field ?? ""}:${c.value}@${c.depth}`);

describe("readClauses", () => {
  it.each([
    ["", []],
    ["timeout", ["+:timeout@0"]],
    ["database timeout", ["+:database@0", "+:timeout@0"]],
    ['"out of memory" AND service:api', ["+:out of memory@0", "+service:api@0"]],
    ['path:"/a b" OR NOT level:ERROR', ["+path:/a b@0", "-level:ERROR@0"]],
    ["-debug !trace +info", ["-:debug@0", "-:trace@0", "+:info@0"]],
    ["NOT (a OR NOT b)", ["-:a@1", "+:b@1"]],
    ["level:(ERROR OR WARN)", ["+level:ERROR@1", "+level:WARN@1"]],
    ['say:"a \\"b\\" \\\\"', ['+say:a "b" \\@0']],
    ["a\\:b:c", ["+a:b:c@0"]],
    ["url:http\\://x", ["+url:http://x@0"]],
    ["http://x 12:30", ["+:http://x@0", "+:12:30@0"]],
    ["ms:[100 TO 200] slow", ["+ms:[100 TO 200]@0", "+:slow@0"]],
    ['path:"C:\\dir\\"" x', ['+path:C:\\dir"@0', "+:x@0"]],
    ['"unfinished', ["+:unfinished@0"]],
  ])("%s", (query, expected) => expect(short(query)).toEqual(expected));

  it("tells an OR on the top level from one in parentheses", () => {
    expect(readClauses("a OR b").hasTopLevelOr).toBe(true);
    expect(readClauses("(a OR b) AND c").hasTopLevelOr).toBe(false);
  });

  it.each([
    ["(a OR b) AND c", true],
    ['"(" a', true],
    ["\\( a", true],
    ["(a", false],
    ["a)", false],
    ["a) OR (b", false],
    ["a\\", false],
  ])("may %s be put in parentheses: %s", (query, expected) => expect(readClauses(query).isClosed).toBe(expected));

  it("reads any text, and extents stay within it", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ":", '"', "\\", " ", "(", ")", "-", "NOT", " OR ") }), (query) => {
        for (const { start, end } of readClauses(query).clauses) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(query.length);
        }
      }),
    );
  });
});
