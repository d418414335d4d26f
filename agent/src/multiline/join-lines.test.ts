import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { joinLines } from "./index.ts";

interface Case {
  readonly name: string;
  readonly records: readonly string[];
  /** An ordinary line above it would be its own. */
  readonly alone?: boolean;
}

const CASES = parse(readFileSync(new URL("testdata/traces.yaml", import.meta.url), "utf8")) as Case[];
const FRAMES = [
  ["2026-03-05T10:00:00Z INFO request begun", "2026-03-05T10:00:01Z INFO request done"],
  ["listening on 8080", "bye now"],
] as const;

const isText = (line: string): boolean => /[^ \t]/.test(line);
const cri = (stream: string, tag: string, text: string): string => `2026-03-05T10:00:00.000000001Z ${stream} ${tag} ${text}`;
const docker = (stream: string, log: string): string => JSON.stringify({ log, stream, time: "2026-03-05T10:00:00Z" });

describe("joinLines, automatic", () => {
  it.each(CASES)("$name", ({ records, alone }) => {
    for (const [before, after] of FRAMES) {
      const wanted = [...(alone ? [] : [before]), ...records, after];
      const lines = wanted.flatMap((record) => record.split("\n"));
      expect(joinLines(lines)).toEqual(wanted);
      expect(joinLines(lines.map((line) => `${line}\r`))).toEqual(wanted);
    }
  });

  it("joins nothing that a line of JSON, a time or a level begins", () => {
    const lines = ['{"a":1}', "Nov 22 11:00:00 web sshd[1]: error", "<13>1 - - x", "[2026-03-05 10:00:00] fail", "I0305 10:00:00.1 1 x.go:1] error", "level=error msg=x", "WARN error", "10.0.0.1 - - error", '{"b":2}'];
    expect(joinLines(lines)).toEqual(lines);
  });

  it("joins a statement of MySQL's slow query log with its head, and ends at the next head", () => {
    const records = [
      "# Time: 2026-03-05T10:00:00.123456Z\n# User@Host: bob[bob] @ web [192.0.2.1]  Id:     8\n# Query_time: 1.5  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 9\nuse shop;\nSET timestamp=1772704800;\nSELECT *\nFROM carts\nWHERE id = 7;",
      "# User@Host: eve[eve] @ web [192.0.2.2]  Id:     9\n# Query_time: 2.5  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 9\n# administrator command: Quit;",
      "# Time: 2026-03-05T10:00:02.123456Z\n# User@Host: bob[bob] @ web [192.0.2.1]  Id:     8\nSELECT 1;",
      "/usr/sbin/mysqld, Version: 8.0",
    ];
    expect(joinLines(records.flatMap((record) => record.split("\n")))).toEqual(records);
  });

  it("joins Erlang's reports up to a blank line or the next report", () => {
    const records = ["=ERROR REPORT==== 5-Mar-2026::10:00:00 ===\nclosing AMQP connection:\n{handshake_timeout,frame_header}\n** Reason", "=CRASH REPORT==== 5-Mar-2026::10:00:01 ===\n  crasher:\n    pid: <0.7.0>", "=INFO REPORT==== 5-Mar-2026::10:00:02 ===\n    application: shop", "text"];
    expect(joinLines(records.join("\n\n").replace("<0.7.0>\n\n=INFO", "<0.7.0>\n=INFO").split("\n"))).toEqual(records);
  });

  it("drops blank lines outside of records and keeps those inside", () => {
    expect(joinLines(["", "a", " ", "", "panic: x", "", "goroutine 1 [running]:", "main.main()", "", "b", ""])).toEqual(["a", "panic: x\n\ngoroutine 1 [running]:\nmain.main()", "b"]);
  });

  it.each([
    [{ maxLines: 3 }, ["head\n\tat 1\n\tat 2", "\tat 3\n\tat 4\n\tat 5", "\tat 6", "next"]],
    [{ maxBytes: 17 }, ["head\n\tat 1\n\tat 2", "\tat 3\n\tat 4", "\tat 5\n\tat 6", "next"]],
  ])("bounds a record (%j); what is beyond is joined by itself", (options, records) => {
    expect(joinLines(["head", "\tat 1", "\tat 2", "\tat 3", "\tat 4", "\tat 5", "\tat 6", "next"], options)).toEqual(records);
  });

  it("loses no line, whatever the lines are", () => {
    const words = fc.constantFrom("", " ", "{", "}", "\tat x", "  y", "Error: x", "Caused by: z", "Traceback (most recent call last):", "panic: x", "goroutine 1 [", "#0 a", "note: b", "text", "/a:1", "^", "ValueError", "Stack trace:", "2026 x", "thread 'a' panicked at b:", "Unhandled exception:", "nested exception is:", "# Time: x", "# User@Host: x", "=A REPORT====", "Next AError: x", "Mar 5, 2026 10:00:00 AM a.B c", "INFO: x", "main.f", "\t/a.go:1", "** (", "State: x", "a \\");
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 40 }), (texts) => {
        const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ""));
        const kept = joinLines(lines).flatMap((record) => record.split("\n"));
        expect(kept.filter(isText)).toEqual(lines.filter(isText));
      }),
      { numRuns: 500 },
    );
  });
});

describe("joinLines, by patterns", () => {
  const lines = ["BEGIN a", "1", "END", "x", "BEGIN b", "2", "BEGIN c"];
  it.each([
    [{ start: "^BEGIN" }, ["BEGIN a\n1\nEND\nx", "BEGIN b\n2", "BEGIN c"]],
    [{ start: "^BEGIN", end: "^END" }, ["BEGIN a\n1\nEND", "x", "BEGIN b\n2", "BEGIN c"]],
    [{ continuation: "^\\d|^END" }, ["BEGIN a\n1\nEND", "x", "BEGIN b\n2", "BEGIN c"]],
    [{ end: "^(END|2)" }, ["BEGIN a\n1\nEND", "x\nBEGIN b\n2", "BEGIN c"]],
    [{ start: "^BEGIN", maxLines: 2 }, ["BEGIN a\n1", "END\nx", "BEGIN b\n2", "BEGIN c"]],
  ])("%j", (options, records) => expect(joinLines(lines, options)).toEqual(records));

  it("joins lines of JSON too", () => {
    expect(joinLines(["--", '{"a":1}', "--"], { start: "^--" })).toEqual(['--\n{"a":1}', "--"]);
  });
});

describe("joinLines, of containers", () => {
  it("joins the parts of a line and the lines of a trace, each stream for itself", () => {
    const lines = [
      cri("stdout", "P", "one "), cri("stderr", "F", "Error: x"), cri("stdout", "F", "line"), cri("stderr", "F", "    at y (z.js:1:2)"), cri("stdout", "F", "two"),
      docker("stdout", "thr"), docker("stderr", "e\n"), docker("stdout", "ee\n"), docker("stdout", "  four\n"), "plain", "  text", cri("stderr", "P", "cut"),
    ];
    expect(joinLines(lines)).toEqual(["Error: x\n    at y (z.js:1:2)", "one line", "two", "e", "three\n  four", "plain\n  text", "cut"]);
  });
});
