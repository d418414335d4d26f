/** The lane for access logs and the parser of strings: the same bytes out, whatever goes in. */

import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { LineFormat } from "../core/line-format.ts";
import type { Detector } from "../mask/index.ts";
import type { MultilineSettings } from "../multiline/index.ts";
import { compareWithTypeScript, lineStream } from "./fixtures.ts";
import { FRAGMENTS } from "./json-lines.fixtures.ts";

const JOINING: MultilineSettings = { lingerMs: 1000, maxLines: 100, maxBytes: 8192 };
const BY_PATTERN: MultilineSettings = { ...JOINING, continuation: "^1" };
const { difference, compiledShare } = compareWithTypeScript();

vi.setConfig({ testTimeout: 180_000 });

const ADDRESSES = ["10.0.0.1", "203.0.113.77", "255.255.255.255", "1.2.3", "1.2.3.4.5", "1234.1.1.1", "::1", "10.0.0.1:443", "-", "host.example.com", "10.0.0.1,"];
const NAMES = ["-", "frank", "user_1.x-y", "123-45-6789", "4111-1111-1111-1111", "a b", "[x", '"q"', "é", ""];
const TIMES = [
  "07/Jun/2024:10:00:00 +0000", "29/Feb/2024:23:59:59 -0730", "29/Feb/2023:00:00:00 +0000", "31/Apr/2024:00:00:00 +0000", "01/Jan/1970:00:00:00 +0001", "01/Jan/1970:00:00:00 -0001", "31/Dec/2261:23:59:59 +0000",
  "01/Jan/2263:00:00:00 +0000", "07/Jun/2024:24:00:00 +0000", "07/Jun/2024:10:00:60 +0000", "7/Jun/2024:10:00:00 +0000", "07/Sep/2024:10:00:00 +0200", "07/Xxx/2024:10:00:00 +0000", "07/Jun/2024:10:00:00", "07/Jun/2024:10:00:00 GMT",
  "07/Jun/2024:10:00:00 +1900", "07/Jun/2024:10:00:00 +0260", "2024-06-07T10:00:00Z", "07/jun/2024:10:00:00 +0000", "00/Jun/2024:10:00:00 +0000",
]; // prettier-ignore
const TARGETS = ["/", "/index.html", "/a?b=c", "/a?b?c", "/?", "/search?q=shoes&page=3", "/u/anna@example.com", "/card/4111111111111111", "/n/123456789012", "/t/sk_live_ABCDEFGHIJKLMNOP0123456789", "http://h.example:80/x?y", "*", "/a b", "", "/é", '/\\"x'];
const REQUESTS = ["GET /x HTTP/1.1", "-", "", "GET /", "get / HTTP/1.1", "G / HTTP/1.1", "PROPFIND /d HTTP/2.0", "OPTIONS * HTTP/1.0", "\\x16\\x03", "GET / HTTP/", "GET / RTSP/1.0", "GET  /x HTTP/1.1", "GET /x HTTP/1.1 "];
const STATUSES = ["200", "304", "404", "500", "101", "599", "600", "099", "000", "-", "20", "2000"];
const SIZES = ["0", "-", "199999", "12345678", "123456789", "1234567890123", "", "x"];
const TEXTS = ["-", "https://www.example.com/?q=1", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "AppleWebKit/605.1.15", "sk_live_ABCDEFGHIJKLMNOP0123456789", "tel 4111 1111 1111 1111", "", 'a\\"b', "a[b]c{d}", "bob@example.com", "AKIAABCDEFGHIJKLMNOP"];
const ENDS = ["", ' "-"', ' "10.0.0.9"', ' "10.0.0.9, 10.0.0.10"', ' "x"', " 0.005", ' "-" "-"', " ", " -"];

const oneOf = (usual: string, ...others: readonly (readonly string[])[]) => fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others.flat()) });
const target = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("/index.html", "/a/b?c=d&e=1", "/") }, { weight: 1, arbitrary: fc.constantFrom(...TARGETS) });
const request = fc.oneof({ weight: 12, arbitrary: fc.tuple(oneOf("GET", ["POST", "HEAD", "DELETE", "M-SEARCH"]), target).map(([method, path]) => `${method} ${path} HTTP/1.1`) }, { weight: 1, arbitrary: fc.constantFrom(...REQUESTS) });
const text = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...TEXTS.slice(0, 4)) }, { weight: 1, arbitrary: fc.constantFrom(...TEXTS, ...FRAGMENTS.filter((fragment) => !/[\n"]/.test(fragment))) });
const accessLine = fc
  .tuple(oneOf("198.51.100.7", ADDRESSES), oneOf("-", NAMES), oneOf("-", NAMES), oneOf("07/Jun/2024:10:00:01 +0000", TIMES), request, oneOf("200", STATUSES), oneOf("5120", SIZES), text, text, oneOf("", ENDS), fc.boolean())
  .map(([address, ident, user, time, line, status, size, referer, agent, end, isCommon]) => `${address} ${ident} ${user} [${time}] "${line}" ${status} ${size}${isCommon ? "" : ` "${referer}" "${agent}"`}${end}`);
const otherLine = fc.constantFrom("    at com.example.Foo(Foo.java:1)", "2024-06-07 10:00:00 ERROR something failed", '{"level":"info","message":"m"}', "", "plain text", "java.lang.IllegalStateException: no", "\tindented");
const USUAL = '198.51.100.7 - - [07/Jun/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n';

const withAgent = (agent: string): string => `10.0.0.1 - - [07/Jun/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "${agent}"\n`;
const numbered = (id: number): Buffer => Buffer.from(`10.1.${id}.9 - u${id} [${10 + (id % 20)}/Oct/2023:13:55:${10 + id} -0700] "GET /p/${id}?n=${id * 7919} HTTP/1.1" ${[200, 404, 503, 302][id % 4]} ${id * 131} "https://example.com/${id}" "Mozilla/5.0 (${id})"\n`);

const formats: fc.Arbitrary<LineFormat | undefined> = fc.constantFrom<(LineFormat | undefined)[]>(undefined, undefined, { type: "auto" }, { type: "access" }, { type: "apache_combined" }, { type: "syslog" });
const detectorSets = fc.oneof(fc.constant<Detector[]>(["email", "card", "ssn", "key"]), fc.subarray<Detector>(["email", "card", "ssn", "key"]));
const stream = fc.tuple(fc.constantFrom<Record<string, string>>({}, { "log.file.path": "/var/log/x.log" }, { "url.path": "of the stream" }, { a: "bob@example.com" }), formats).map(([attributes, format]) => ({ ...lineStream(attributes), format }));
const multiline = fc.constantFrom(undefined, JOINING, JOINING, BY_PATTERN);
const ended = fc.constantFrom("\n", "\n", "\n", "\r\n");

describe("the lane for access logs", () => {
  it("gives the bytes that the parser gives, for lines of every kind", () => {
    const lines = fc.array(fc.tuple(fc.oneof({ weight: 15, arbitrary: accessLine }, { weight: 1, arbitrary: otherLine }), ended).map((parts) => parts.join("")), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(lines, { minLength: 1, maxLength: 3 }), stream, multiline, detectorSets, fc.boolean(), (chunks, from, joining, detectors, final) => {
        const all = chunks.map((chunk, index) => ({ bytes: Buffer.from([USUAL, ...chunk].join("")), stream: from, final: final && index === chunks.length - 1 }));
        expect(difference(all, { multiline: joining, mask: { detectors } })).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("gives them for lines with some bytes changed, left out or put in", () => {
    const change = fc.record({ line: fc.nat(39), at: fc.nat(200), kind: fc.constantFrom("set", "cut", "put"), byte: fc.oneof(fc.integer({ min: 32, max: 126 }), fc.nat(255), fc.constantFrom(34, 91, 93, 92, 32, 10, 13, 45, 46, 47, 58, 63, 48, 64)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), multiline, detectorSets, (changes, joining, detectors) => {
        const lines = Array.from({ length: 40 }, (_, id) => numbered(id));
        for (const { line: index, at, kind, byte } of changes) {
          const old = lines[index]!;
          const place = at % old.length;
          if (kind === "set") old[place] = byte;
          else lines[index] = Buffer.concat([old.subarray(0, place), ...(kind === "put" ? [Buffer.from([byte])] : []), old.subarray(place + (kind === "put" ? 0 : 1))]);
        }
        expect(difference([{ bytes: Buffer.concat(lines), stream: lineStream() }], { multiline: joining, mask: { detectors } })).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("sees what is to be masked at every place of a line", () => {
    const hidden = [...FRAGMENTS.filter((fragment) => !/[\n"\\]/.test(fragment)), "glpat-0123456789abcdefghij", "npm_0123456789abcdefghijABCDEFGHIJ012345", "xoxb-1234567890-abcdefghij", "078-05-1120"];
    const usual = '10.0.0.1 - - [07/Jun/2024:10:00:00 +0000] "GET /a/b/c HTTP/1.1" 200 512 "https://example.com/" "agent of somebody"';
    for (const fragment of hidden) {
      const lines = Array.from({ length: usual.length }, (_, at) => `${usual.slice(0, at)}${fragment}${usual.slice(at)}\n`);
      expect(difference([{ bytes: Buffer.from([`${usual}\n`, ...lines].join("")), stream: lineStream() }], { maxRows: 200 })).toBeUndefined();
    }
  });

  it("does not take an agent for one that it has seen, whatever is different", () => {
    const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36";
    // As long as the agent: only its bytes tell.
    for (const hidden of ["\\", "é", "bob@example.com", "4111111111111111", "078-05-1120", "AKIAABCDEFGHIJKLMNOP"]) {
      const others = Array.from({ length: agent.length - hidden.length }, (_, at) => withAgent(agent.slice(0, at) + hidden + agent.slice(at + Buffer.byteLength(hidden))));
      const chunk = Buffer.from(withAgent(agent) + others.map((other) => withAgent(agent) + other + other).join(""));
      for (const detectors of [undefined, []] as const) expect(difference([{ bytes: chunk, stream: lineStream() }], { maxRows: 200, ...(detectors && { mask: { detectors } }) })).toBeUndefined();
    }
  });

  it("has taken a good part of all these lines", () => {
    expect(compiledShare()).toBeGreaterThan(1 / 8);
  });
});
