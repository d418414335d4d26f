import { describe, expect, it } from "vitest";
import { compileGrok, compileRegex } from "../core/user-pattern.ts";
import { streamParserOf } from "./user-parser.ts";
import { StreamParser } from "./stream-parser.ts";

const NOW = Date.parse("2024-06-08T00:00:00Z") / 1000;
const LOGFMT = "level=info msg=hello n=1";
const ACCESS = '192.0.2.1 - - [07/Jun/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl"';

const formats = (parser: StreamParser, lines: readonly string[]): string[] => lines.map((line) => (parser.parse(line, NOW), parser.format));

describe("StreamParser", () => {
  it("detects each stream for itself, and lines of several formats in one", () => {
    expect(formats(new StreamParser(), [LOGFMT, ACCESS, "free text", LOGFMT])).toEqual(["logfmt", "access", "application", "logfmt"]);
  });

  it("notices when a stream of free text becomes another", () => {
    const parser = new StreamParser();
    for (let line = 0; line < 1000; line++) parser.parse("free text", NOW);
    expect(formats(parser, Array.from({ length: 17 }, () => ACCESS)).at(-1)).toBe("access");
  });

  it("names columns by the header of a W3C file", () => {
    const parser = new StreamParser();
    parser.parse("#Fields: date time c-ip x-own sc-status", NOW);
    const record = parser.parse("2024-06-07 10:00:00 192.0.2.1 mine 404", NOW);
    expect(Object.fromEntries(record.attributes)).toEqual({ "client.address": "192.0.2.1", "x-own": "mine", "http.response.status_code": "404" });
    expect(record.seconds).toBe(Date.parse("2024-06-07T10:00:00Z") / 1000);
  });

  it("names columns by the header of a CSV file", () => {
    const parser = streamParserOf({ type: "csv" });
    parser.parse("time,level,message,cart id", NOW);
    const record = parser.parse('2024-06-07T10:00:00Z,warn,"low, very low",7', NOW);
    expect(record).toMatchObject({ severity: 13, message: "low, very low" });
    expect(Object.fromEntries(record.attributes)).toEqual({ "cart id": "7" });
  });
});

describe("records of several lines", () => {
  it("are a statement of MySQL's slow query log and its head", () => {
    const record = new StreamParser().parse("# Time: 2024-06-07T10:00:00.123456Z\n# User@Host: bob[bob] @ web [192.0.2.1]  Id:     8\n# Query_time: 1.5  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 9\nuse shop;\nSET timestamp=1717754400;\nSELECT *\nFROM carts;", NOW);
    expect(record).toMatchObject({ message: "SELECT *\nFROM carts;", seconds: Date.parse("2024-06-07T10:00:00Z") / 1000, nanoseconds: 123_456_000 });
    expect(Object.fromEntries(record.attributes)).toMatchObject({ "user.name": "bob", "client.address": "192.0.2.1", "mysql.query_time": "1.5", "mysql.rows_examined": "9", "db.namespace": "shop", "db.query.text": "SELECT *\nFROM carts;" });
  });

  it("have the time of the statement where the head has none", () => {
    expect(new StreamParser().parse("# User@Host: bob[bob] @ web []\n# Query_time: 1.5\nSET timestamp=1717754400;\nSELECT 1;", NOW).seconds).toBe(1_717_754_400);
  });

  it("are java.util.logging's two, and the trace below them", () => {
    const record = new StreamParser().parse("Jun 7, 2024 10:00:00 PM com.example.Shop open\nSEVERE: cannot open\njava.lang.IllegalStateException: no key\n\tat com.example.Shop.open(Shop.java:7)", NOW);
    expect(record).toMatchObject({ severity: 17, message: "cannot open\njava.lang.IllegalStateException: no key\n\tat com.example.Shop.open(Shop.java:7)" });
    expect(Object.fromEntries(record.attributes)).toMatchObject({ logger: "com.example.Shop", "code.function.name": "open", "exception.type": "java.lang.IllegalStateException", "exception.message": "no key" });
  });
});

/** Attributes of the last line. */
const attributesAfter = (...lines: string[]) => {
  const parser = new StreamParser();
  return lines.map((line) => Object.fromEntries(parser.parse(line, NOW).attributes)).at(-1);
};

describe("head lines", () => {
  it("name the columns of Zeek's logs", () => {
    const attributes = attributesAfter("#separator \\x09", "#fields\tts\tuid\tid.orig_h\tid.resp_p\tproto\tservice", "1717754400.123456\tC1\t192.0.2.1\t53\tudp\t-");
    expect(attributes).toEqual({ uid: "C1", "client.address": "192.0.2.1", "server.port": "53", "network.transport": "udp" });
  });

  it("name the fields of AWS' flow logs", () => {
    const attributes = attributesAfter("srcaddr dstaddr dstport action start end", "192.0.2.1 198.51.100.1 443 ACCEPT 1717754400 1717754460");
    expect(attributes).toMatchObject({ "source.address": "192.0.2.1", "destination.port": "443", "aws.vpc.action": "ACCEPT" });
  });
});

describe("streamParserOf", () => {
  it("keeps lines of another format than the one named as text", () => {
    const parser = streamParserOf({ type: "logfmt" });
    expect(parser.parse(ACCESS, NOW)).toMatchObject({ message: ACCESS, severity: 0 });
    expect(parser.format).toBe("");
  });

  it("reads a user's regular expression", () => {
    const parser = streamParserOf({ type: "regex", pattern: String.raw`^(?<time>\S+) (?<level>\w+) (?P<cart>\d+) (?<message>.*)$` });
    const record = parser.parse("2024-06-07T10:00:00Z warn 7 is empty", NOW);
    expect(record).toMatchObject({ seconds: Date.parse("2024-06-07T10:00:00Z") / 1000, severity: 13, message: "is empty" });
    expect(Object.fromEntries(record.attributes)).toEqual({ cart: "7" });
    expect(parser.parse("no match", NOW).message).toBe("no match");
  });

  it("reads grok with the standard names and the user's own", () => {
    const parser = streamParserOf({ type: "grok", pattern: "%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{CART:[cart][id]:int} %{IPORHOST:client.address} %{GREEDYDATA:message}", definitions: { CART: "c-%{INT}" } });
    const record = parser.parse("2024-06-07 10:00:00,5 WARN c-7 192.0.2.1 it is empty", NOW);
    expect(record).toMatchObject({ severity: 13, message: "it is empty" });
    expect(Object.fromEntries(record.attributes)).toEqual({ "cart.id": "c-7", "client.address": "192.0.2.1" });
  });

  it("takes times without a zone in the zone that the user names", () => {
    const parser = streamParserOf({ type: "auto", timezone: "Europe/Berlin" });
    const at = (text: string) => new Date(parser.parse(`${text} INFO x`, NOW).seconds * 1000).toISOString();
    expect(at("2024-01-07 10:00:00")).toBe("2024-01-07T09:00:00.000Z");
    expect(at("2024-06-07 10:00:00")).toBe("2024-06-07T08:00:00.000Z");
    expect(at("2024-03-31 04:00:00")).toBe("2024-03-31T02:00:00.000Z");
  });

  it("runs patterns in linear time", () => {
    expect(compileRegex("(?<x>(a+)+$)").match(`${"a".repeat(50_000)}b`)).toBeUndefined();
  });

  it.each([
    ["%{NOPE:x}", {}, "there is no grok pattern NOPE"],
    ["%{A:x}", { A: "%{A}" }, "the grok pattern A refers to itself"],
    ["%{INT}", {}, "has no field"],
    ["(%{INT:x}", {}, "missing"],
  ])("refuses %s", (pattern, definitions, message) => {
    expect(() => compileGrok(pattern, definitions)).toThrow(message);
  });
});
