/** A query of the DSL means what the same query means in Lucene's syntax. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogFilter } from "../../filter.ts";
import { parseLucene } from "../../lucene/parse.ts";
import { printLucene } from "../../lucene/print.ts";
import { dslContext } from "../search/request.ts";
import { parseQuery } from "./query.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);
const dsl = (query: object): LogFilter => parseQuery(query, dslContext(NOW_MS));
const lucene = (text: string): LogFilter => parseLucene(text, { nowMs: NOW_MS });

/** Both forms of one condition. */
interface Both {
  readonly dsl: object;
  readonly lucene: string;
}

const faultOf = (query: object): unknown => {
  try {
    dsl(query);
    return undefined;
  } catch (error) {
    return error;
  }
};

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
const escaped = (text: string): string => text.replace(/[^A-Za-z0-9_]/gu, "\\$&");
const keyword = (name: string): fc.Arbitrary<string> => fc.constantFrom(name, `${name}.keyword`);

const name = fc.constantFrom("service", "host.name", "http.status", "context.x", "attributes.level", "ключ");
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }).filter((value) => value.trim() !== "");
const number = fc.integer({ min: -1_000, max: 1_000 });
const hour = fc.integer({ min: 0, max: 23 }).map((value) => `2026-11-20T${String(value).padStart(2, "0")}:00:00Z`);

const named = <T>(of: fc.Arbitrary<T>, both: (name: string, value: T) => Both): fc.Arbitrary<Both> =>
  fc.tuple(name, of).chain(([field, value]) => {
    const { lucene: query } = both(field, value);
    return keyword(field).map((spelled) => ({ dsl: both(spelled, value).dsl, lucene: query }));
  });

const leaf: fc.Arbitrary<Both> = fc.oneof(
  named(text, (field, value) => ({ dsl: { term: { [field]: value } }, lucene: `${field}:${quoted(value)}` })),
  named(text, (field, value) => ({ dsl: { match: { [field]: { query: value } } }, lucene: `${field}:${quoted(value)}` })),
  named(fc.array(text, { minLength: 1, maxLength: 3 }), (field, values) => ({ dsl: { terms: { [field]: values } }, lucene: `${field}:(${values.map(quoted).join(" OR ")})` })),
  named(text, (field, value) => ({ dsl: { prefix: { [field]: value } }, lucene: `${field}:${escaped(value)}*` })),
  named(text, (field, value) => ({ dsl: { wildcard: { [field]: { value: `*${value.replace(/[\\*?]/g, "\\$&")}?` } } }, lucene: `${field}:*${escaped(value)}?` })),
  named(fc.constant(""), (field) => ({ dsl: { exists: { field } }, lucene: `_exists_:${field}` })),
  named(fc.tuple(number, number), (field, [from, to]) => ({ dsl: { range: { [field]: { gte: from, lt: String(to) } } }, lucene: `${field}:[${from} TO ${to}}` })),
  text.map((value): Both => ({ dsl: { match_phrase: { message: value } }, lucene: quoted(value) })),
  fc.constantFrom("error", "WARN", "17").map((value): Both => ({ dsl: { term: { "log.level": value } }, lucene: `level:${value}` })),
  hour.map((from): Both => ({ dsl: { range: { "@timestamp": { gte: from, lte: "now-1d/d" } } }, lucene: `@timestamp:[${quoted(from)} TO now-1d/d]` })),
  text.map((value): Both => ({ dsl: { ids: { values: [value] } }, lucene: `_id:${quoted(value)}` })),
);

const { both } = fc.letrec<{ both: Both }>((tie) => ({
  both: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    fc.array(tie("both"), { minLength: 2, maxLength: 3 }).map((items): Both => ({ dsl: { bool: { must: items.map((item) => item.dsl) } }, lucene: items.map((item) => `(${item.lucene})`).join(" AND ") })),
    fc.array(tie("both"), { minLength: 2, maxLength: 3 }).map((items): Both => ({ dsl: { bool: { should: items.map((item) => item.dsl) } }, lucene: items.map((item) => `(${item.lucene})`).join(" OR ") })),
    tie("both").map((item): Both => ({ dsl: { bool: { must_not: [item.dsl] } }, lucene: `NOT (${item.lucene})` })),
    tie("both").map((item): Both => ({ dsl: { constant_score: { filter: item.dsl } }, lucene: item.lucene })),
  ),
}));

describe("the query DSL", () => {
  it("gives the filter that Lucene's syntax gives", () => {
    fc.assert(fc.property(both, (query) => {
      expect(dsl(query.dsl)).toEqual(lucene(query.lucene));
    }), { numRuns: 300 });
  });

  it("reads Lucene's syntax within itself, whatever joins by default", () => {
    fc.assert(
      fc.property(both, fc.constantFrom("and", "or", "AND"), (query, operator) => {
        const filter = dsl(query.dsl);
        expect(dsl({ query_string: { query: printLucene(filter), default_operator: operator } })).toEqual(filter);
      }),
      { numRuns: 200 },
    );
  });

  it("takes any JSON: a filter, or a refusal that says why", () => {
    const names = fc.constantFrom("bool", "must", "term", "match", "range", "@timestamp", "gte", "query", "value", "query_string", "simple_query_string", "minimum_should_match", "terms", "should", "wildcard", "regexp", "__proto__", "format", "time_zone", "fields");
    const json = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof({ maxDepth: 5 }, fc.constantFrom<unknown>(null, true, 5, 1e308, -0, "", "*", "now-1d/d", "2026-01-01||+1M/d", "75%", "(", "a AND", "level", "[a-z", "epoch_millis||yyyy", "Europe/Berlin"), fc.array(tie("any"), { maxLength: 3 }), fc.dictionary(names, tie("any"), { maxKeys: 3 })),
    })).any;
    fc.assert(
      fc.property(json, names, (value, type) => {
        expect(faultOf({ [type]: value })).toEqual(expect.toBeOneOf([undefined, expect.objectContaining({ name: "ElasticsearchError", status: 400, message: expect.stringMatching(/./) })]));
      }),
      { numRuns: 1_000 },
    );
  });
});
