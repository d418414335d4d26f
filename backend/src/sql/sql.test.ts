import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { and, isStatement, join, not, or, param, sql, systemStatement, TenantScope, type Fragment } from "./sql.ts";

const acme = new TenantScope("acme");
const text = (fragment: Fragment): string => systemStatement(fragment).text;

describe("values", () => {
  const anyValue = fc.oneof(
    fc.string({ unit: "binary" }).map((v) => ({ value: param.string(v), shown: [v] })),
    fc.array(fc.string({ unit: "binary" })).map((v) => ({ value: param.strings(v), shown: v })),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map((v) => ({ value: param.int64(v), shown: [String(v)] })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => ({ value: param.float64(v), shown: [String(v)] })),
  );

  it("never appear in the text, whatever they hold", () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 8 }), (values) => {
        const statement = systemStatement(join(values.map(({ value }) => sql`f(${value})`), sql`, `));
        // What is left when the placeholders go is our own text.
        expect(statement.text.replace(/\{p\d+:[A-Za-z0-9()]+\}/g, "@")).toBe(values.map(() => "f(@)").join(", "));
        // Each placeholder stands for its value.
        const names = [...statement.text.matchAll(/\{(p\d+):/g)].map((match) => match[1]!);
        expect(names.map((name) => statement.params[name])).toEqual(values.map(({ value }) => value.value));
      }),
    );
  });

  it("are numbered in the order of the text", () => {
    const statement = systemStatement(sql`a ${param.string("x")} b ${sql`c ${param.uint8(7)} d`} e ${param.bool(true)}`);
    expect(statement).toEqual({ text: "a {p0:String} b c {p1:UInt8} d e {p2:Bool}", params: { p0: "x", p1: 7, p2: true } });
  });

  it("travel once however often they are used", () => {
    const statement = systemStatement(sql`${param.string("x")} ${param.string("x")} ${param.strings(["x"])} ${param.strings(["x"])} ${param.strings(["x", ""])} ${param.uint8(1)} ${param.uint32(1)}`);
    expect(statement.text).toBe("{p0:String} {p0:String} {p1:Array(String)} {p1:Array(String)} {p2:Array(String)} {p3:UInt8} {p4:UInt32}");
    expect(statement.params).toEqual({ p0: "x", p1: ["x"], p2: ["x", ""], p3: 1, p4: 1 });
  });

  it("replace what UTF-8 cannot say", () => {
    expect(param.string("a\ud800b").value).toBe("a\ufffdb");
    expect(param.strings(["\udc00"]).value).toEqual(["\ufffd"]);
  });

  it.each([
    ["a fraction as an integer", () => param.int64(1.5)],
    ["an unsafe integer", () => param.uint64(2 ** 60)],
    ["a negative UInt8", () => param.uint8(-1)],
    ["256 as UInt8", () => param.uint8(256)],
    ["2^64 as UInt64", () => param.uint64(1n << 64n)],
    ["2^63 as Int64", () => param.int64(1n << 63n)],
    ["2^128 as UInt128", () => param.uint128s([1n << 128n])],
    ["NaN", () => param.float64(Number.NaN)],
    ["infinity", () => param.float64(Number.POSITIVE_INFINITY)],
  ])("refuse %s", (_, make) => expect(make).toThrow("BUG:"));
});

describe("fragments", () => {
  const forgeries: [string, unknown][] = [
    ["a string", "1 OR 1"],
    ["an object of a fragment's shape", { strings: ["1 OR 1"], parts: [] }],
    ["a copy of a fragment", { ...sql`1` }],
    ["a copy of a value", { ...param.string("x") }],
    ["a fragment from JSON", JSON.parse(JSON.stringify(sql`1`))],
    ["null", null],
    ["a number", 1],
  ];

  it.each(forgeries)("cannot be forged: %s", (_, forged) => {
    expect(() => sql`SELECT ${forged as Fragment}`).toThrow("BUG:");
    expect(() => join([forged as Fragment], sql`, `)).toThrow("BUG:");
    expect(() => systemStatement(forged as Fragment)).toThrow("BUG:");
    expect(() => and([forged as Fragment])).toThrow("BUG:");
  });

  it("come from templates only", () => {
    const strings = Object.assign(["SELECT 1"], { raw: ["SELECT 1"] }) as unknown as TemplateStringsArray;
    expect(() => sql(strings)).toThrow("template tag");
    expect(() => sql("SELECT 1" as unknown as TemplateStringsArray)).toThrow("template tag");
  });

  it("cannot be changed afterwards", () => {
    const one = sql`SELECT ${param.uint8(1)}`;
    expect(() => (one.strings as string[]).push("x")).toThrow(TypeError);
    expect(() => Object.assign(one, { parts: [] })).toThrow(TypeError);
  });

  it("hold no parameter written by hand", () => expect(() => sql`SELECT {p0:String}`).toThrow("BUG:"));

  it("combine with parentheses", () => {
    expect(text(and([sql`a`, or([sql`b`, sql`c`]), not(sql`d OR e`)]))).toBe("(a) AND ((b) OR (c)) AND (NOT (d OR e))");
    expect([text(and([])), text(or([]))]).toEqual(["1", "0"]);
  });
});

describe("statements", () => {
  it("know themselves", () => {
    const statement = acme.statement(sql`SELECT 1 ${acme.from("logs")}`);
    expect(isStatement(statement)).toBe(true);
    expect([{ ...statement }, { text: "SELECT 1", params: {} }, "SELECT 1", undefined].map(isStatement)).toEqual([false, false, false, false]);
  });

  it("bring the tenant and the expiry", () => {
    const statement = acme.statement(sql`SELECT count() ${acme.from("logs")} AND (severity > ${param.uint8(16)})`);
    expect(statement.text).toBe("SELECT count() FROM logs WHERE tenant = {p0:String} AND expires > today() AND (severity > {p1:UInt8})");
    expect(statement.params).toEqual({ p0: "acme", p1: 16 });
  });

  it("may write with the tenant's value", () => {
    const statement = acme.statement(sql`${acme.insertInto("logs")} SELECT ${acme.tenantValue} AS tenant, * FROM input(${param.string("a UInt8")}) FORMAT Native`);
    expect(statement.params["p0"]).toBe("acme");
  });

  const allowed: [string, () => Fragment][] = [
    ["conditions in parentheses", () => sql`SELECT 1 ${acme.from("logs")} AND (a OR b) GROUP BY c HAVING d OR e`],
    ["a subquery", () => sql`SELECT 1 ${acme.from("logs")} AND row NOT IN (SELECT row ${acme.from("logs")} AND batch = ${param.uint128(1n)})`],
    ["a union", () => sql`SELECT 1 ${acme.from("logs")} UNION ALL SELECT 2 ${acme.from("samples")} AND x`],
    ["a join of subqueries", () => sql`SELECT a FROM (SELECT a ${acme.from("samples")} GROUP BY a) AS x JOIN (SELECT a ${acme.from("series")}) AS y USING a WHERE p OR q`],
    ["an OR in a literal", () => sql`SELECT 1 ${acme.from("logs")} AND x = ' OR (' AND y = 'it''s \\' OR '`],
  ];
  it.each(allowed)("allow %s", (_, body) => expect(isStatement(acme.statement(body()))).toBe(true));

  const refused: [string, () => Fragment][] = [
    ["no tenant at all", () => sql`SELECT 1`],
    ["no tenant, but a value that equals its name", () => sql`SELECT 1 FROM system.one WHERE x = ${param.string("acme")}`],
    ["another tenant", () => sql`SELECT 1 ${new TenantScope("globex").from("logs")}`],
    ["another tenant beside this one", () => sql`SELECT 1 ${acme.from("logs")} UNION ALL SELECT 1 ${new TenantScope("globex").from("logs")}`],
    ["an OR beside the tenant's condition", () => sql`SELECT 1 ${acme.from("logs")} AND a OR b`],
    ["an OR that a fragment brings along", () => sql`SELECT 1 ${acme.from("logs")} AND ${sql`a OR b`}`],
    ["an OR beside it in a subquery", () => sql`SELECT * FROM (SELECT 1 ${acme.from("logs")} AND a or b)`],
    ["a conditional beside it", () => sql`SELECT 1 ${acme.from("logs")} AND a ? b : c`],
    ["a table by name", () => sql`SELECT 1 FROM logs WHERE tenant = ${acme.tenantValue}`],
    ["spans by name", () => sql`SELECT 1 FROM spans WHERE tenant = ${acme.tenantValue}`],
    ["a shard's histograms by name", () => sql`SELECT 1 FROM obs.histograms_local WHERE tenant = ${acme.tenantValue}`],
    ["a table with its database by name", () => sql`SELECT ${acme.tenantValue} FROM obs.logs`],
    ["joined exemplars by name", () => sql`SELECT 1 FROM (SELECT 1 ${acme.from("logs")}) AS a JOIN obs.exemplars USING row`],
    ["a joined table by name", () => sql`SELECT 1 FROM (SELECT 1 ${acme.from("logs")}) AS a JOIN samples USING row`],
    ["a second FROM behind the conditions", () => sql`SELECT 1 ${acme.from("logs")} FROM logs`],
    ["a comment", () => sql`SELECT 1 ${acme.from("logs")} -- AND x`],
    ["parentheses that do not match", () => sql`SELECT (1 ${acme.from("logs")}`],
    ["a condition closed from outside", () => sql`SELECT 1 FROM (SELECT 1 ${acme.from("logs")}) OR 1)`],
  ];
  it.each(refused)("refuse %s", (_, body) => expect(() => acme.statement(body())).toThrow("BUG:"));

  it("refuse a tenant without a name", () => expect(() => new TenantScope("")).toThrow("BUG:"));
});
