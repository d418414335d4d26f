import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SYSLOG_FACILITIES, parseSyslog, type SyslogMessage } from "./syslog.ts";

/** 2024-11-02T12:00:00Z */
const NOW_SECONDS = 1_730_548_800;

const localNs = (...[year, month, day, hours, minutes, seconds]: [number, number, number, number, number, number]): bigint =>
  BigInt(new Date(year, month, day, hours, minutes, seconds).getTime()) * 1_000_000n;

const escaped = (text: string): string => text.replaceAll(/["\\\]]/g, String.raw`\$&`);

const CASES: readonly [name: string, text: string, expected: Partial<SyslogMessage>][] = [
  ["RFC 5424, example 1", "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8", {
    facility: 4, severity: 22 - 1, timestamp: 1_065_910_455_003_000_000n, host: "mymachine.example.com", appName: "su", procId: "", msgId: "ID47", structuredData: {}, message: "'su root' failed for lonvick on /dev/pts/8",
  }],
  ["RFC 5424, example 2", "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.", {
    facility: 20, severity: 10, timestamp: 1_061_727_255_000_003_000n, host: "192.0.2.1", appName: "myproc", procId: "8710", message: "%% It's time to make the do-nuts.",
  }],
  ["RFC 5424, example 4", '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]', {
    structuredData: { "exampleSDID@32473.iut": "3", "exampleSDID@32473.eventSource": "Application", "exampleSDID@32473.eventID": "1011", "examplePriority@32473.class": "high" }, message: "",
  }],
  ["escapes in structured data, and a name twice", String.raw`<13>1 - - - - - [a x="q\"b\\c\]d\n" ip="1" ip="2"] m`, { structuredData: { "a.x": 'q"b\\c]d\\n', "a.ip": "1,2" }, message: "m" }],
  ["an element without parameters", "<13>1 - - - - - [a] m", { structuredData: {}, message: "m", timestamp: undefined, host: "", appName: "" }],
  ["rsyslog's second space", "<13>1 - h a - - -  m", { message: "m" }],
  ["nothing but NILVALUEs", "<13>1 - - - - - -", { severity: 10, facility: 1, message: "" }],
  ["broken structured data is the message", '<13>1 - h a - - [a x="y m', { host: "h", appName: "a", structuredData: {}, message: '[a x="y m' }],
  ["a time of RFC 5424 that is none", "<13>1 yesterday h a - - - m", { message: "1 yesterday h a - - - m" }],
  ["RFC 3164, example 1", "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8", {
    facility: 4, severity: 21, timestamp: localNs(2024, 9, 11, 22, 14, 15), host: "mymachine", appName: "su", procId: "", message: "'su root' failed for lonvick on /dev/pts/8",
  }],
  ["RFC 3164, example 2: no tag", "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", { timestamp: localNs(2024, 1, 5, 17, 32, 18), host: "10.0.0.99", appName: "", message: "Use the BFG!" }],
  ["a time of last December", "<13>Dec 31 23:59:59 h a: m", { timestamp: localNs(2023, 11, 31, 23, 59, 59) }],
  ["a tag with a process id", "<86>Nov  2 10:00:00 web-01 sshd[4242]: Accepted", { facility: 10, severity: 9, host: "web-01", appName: "sshd", procId: "4242", message: "Accepted" }],
  ["a tag with a slash", "<22>Nov  2 10:00:00 mx postfix/smtpd[7]: x", { appName: "postfix/smtpd", procId: "7", message: "x" }],
  ["no host (a local logger)", "<13>Nov  2 10:00:00 root: hello", { host: "", appName: "root", message: "hello" }],
  ["no host, a process id", "<13>Nov  2 10:00:00 app[1]: hello", { host: "", appName: "app", procId: "1", message: "hello" }],
  ["an IPv6 host", "<13>Nov  2 10:00:00 2001:db8::1 app: hello", { host: "2001:db8::1", appName: "app", message: "hello" }],
  ["an ISO time (rsyslog's forward format)", "<13>2003-08-24T05:14:15.000003-07:00 host tag: m", { timestamp: 1_061_727_255_000_003_000n, host: "host", appName: "tag", message: "m" }],
  ["Cisco's clock that is not synchronised", "<189>*Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured", { severity: 10, timestamp: localNs(2024, 2, 1, 18, 46, 11) + 123_000_000n, appName: "%SYS-5-CONFIG_I", message: "Configured" }],
  ["no time", "<13>app: hello there", { timestamp: undefined, appName: "app", message: "hello there" }],
  ["no tag either", "<13>hello there", { timestamp: undefined, host: "", appName: "", message: "hello there" }],
  ["no priority", "note: nothing here", { facility: undefined, severity: 0, appName: "", message: "note: nothing here" }],
  ["no priority but a header", "Nov  2 10:00:00 h a[1]: m", { facility: undefined, severity: 0, host: "h", appName: "a", procId: "1", message: "m" }],
  ["a priority that is too large", "<192>x", { facility: undefined, message: "<192>x" }],
  ["an empty message", "", { message: "", severity: 0 }],
];

describe("syslog", () => {
  it.each(CASES)("%s", (_name, text, expected) => expect(parseSyslog(text, NOW_SECONDS)).toMatchObject(expected));

  it("has a severity for each of the eight, and a name for each facility", () => {
    const severities = [0, 1, 2, 3, 4, 5, 6, 7].map((code) => parseSyslog(`<${code}>x`, NOW_SECONDS).severity);
    expect(severities).toEqual([24, 22, 21, 17, 13, 10, 9, 5]);
    expect(SYSLOG_FACILITIES).toHaveLength(24);
  });

  it("reads back what RFC 5424 writes", () => {
    const name = fc.string({ unit: fc.constantFrom(..."abcXYZ019_@-"), minLength: 2, maxLength: 12 });
    const value = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.startsWith(" "));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 191 }), name, name, fc.dictionary(name, fc.dictionary(name, value, { minKeys: 1, maxKeys: 3 }), { maxKeys: 3 }), value, (priority, host, app, data, message) => {
        const elements = Object.entries(data).map(([id, params]) => `[${id}${Object.entries(params).map(([key, text]) => ` ${key}="${escaped(text)}"`).join("")}]`).join("");
        const read = parseSyslog(`<${priority}>1 2024-01-02T03:04:05.123456Z ${host} ${app} - - ${elements || "-"} ${message}`, NOW_SECONDS);
        const expected = Object.fromEntries(Object.entries(data).flatMap(([id, params]) => Object.entries(params).map(([key, text]) => [`${id}.${key}`, text])));
        expect(read).toMatchObject({ facility: priority >> 3, timestamp: 1_704_164_645_123_456_000n, host, appName: app, message });
        expect(read.structuredData).toEqual(expected);
      }),
    );
  });

  it("takes any text, quickly, and loses no word of one without a header", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(..."<>1 -[]=\"\\:a") }).map((text) => `<13>1 - - - - - ${text}`)), (text) => {
        const { message } = parseSyslog(text, NOW_SECONDS);
        expect(text.endsWith(message)).toBe(true);
      }),
      { numRuns: 500 },
    );
    const hostile = `<13>1 - - - - - [a ${'x="y" '.repeat(20_000)}`;
    expect(parseSyslog(hostile, NOW_SECONDS).message.length).toBeGreaterThan(100_000);
  });
});
