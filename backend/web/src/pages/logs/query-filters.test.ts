import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readClauses } from "./query-clauses.ts";
import { addFilter, attributeField, clauseText, withLevels } from "./query-filters.ts";

describe("clauseText", () => {
  it.each([
    ["service", "api-gateway", "service:api-gateway"],
    ["path", "/api/users", 'path:"/api/users"'],
    ["say", 'a "b" \\', 'say:"a \\"b\\" \\\\"'],
    ["word", "AND", 'word:"AND"'],
    ["sign", "-1", 'sign:"-1"'],
    ["empty", "", 'empty:""'],
    ["odd key", "1", "odd\\ key:1"],
    ["0:a", "1", "\\0\\:a:1"],
    ["größe/#", "1", "größe/#:1"],
  ])("%s = %s", (field, value, expected) => expect(clauseText(field, value)).toBe(expected));

  it("is read back as the field and value it was made from", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ unit: "grapheme" }), (field, value) => {
        expect(readClauses(clauseText(field, value)).clauses).toMatchObject([{ field, value, negated: false }]);
      }),
    );
  });
});

it.each([
  ["http.route", "http.route"],
  ["host", "attributes.host"],
  ["attributes.x", "attributes.attributes.x"],
])("reaches the attribute %s as %s", (name, expected) => expect(attributeField(name)).toBe(expected));

describe("addFilter", () => {
  it.each([
    ["", "service", "api", false, "service:api"],
    ["  ", "service", "api", true, "NOT service:api"],
    ["timeout", "service", "api", false, "timeout AND service:api"],
    ["a OR b", "service", "api", true, "(a OR b) AND NOT service:api"],
    ["timeout AND service:api", "service", "api", false, "timeout AND service:api"],
    ["timeout AND service:api", "service", "api", true, "timeout AND NOT service:api"],
    ["-service:api timeout", "service", "api", false, "service:api timeout"],
    ["(service:api OR x)", "service", "api", true, "(service:api OR x) AND NOT service:api"],
  ])("%j + %s=%s (exclude %s)", (query, field, value, exclude, expected) => {
    expect(addFilter(query, field, value, exclude)).toBe(expected);
  });
});

describe("withLevels", () => {
  it.each([
    ["timeout ", [], "timeout", 0],
    ["", ["ERROR"], "(level:ERROR)", 0],
    ["a) OR (b", ["ERROR"], "a) OR (b", 0],
    ["a OR b", ["ERROR", "FATAL"], "(a OR b) AND (level:ERROR OR level:FATAL)", 1],
  ])("%j with %j", (query, levels, text, offset) => expect(withLevels(query, levels)).toEqual({ text, offset }));

  it("finds lines without a level as those that have no known one", () => {
    expect(withLevels("", ["WARN", ""]).text).toMatch(/^\(level:WARN OR NOT \(level:FATAL OR .* OR level:TRACE\)\)$/);
  });
});
