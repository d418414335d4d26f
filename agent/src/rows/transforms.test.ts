/** Lines of a group with transforms: changed, dropped and counted, masked behind them. */

import { describe, expect, it } from "vitest";
import { CustomTransform } from "../core/custom-transform.ts";
import type { LineFormat } from "../core/line-format.ts";
import { DEFAULT_MULTILINE } from "../multiline/index.ts";
import type { TransformFunction } from "../plugin.ts";
import { lineStream, recordsOf } from "./fixtures.ts";

const take = (text: string, transforms: readonly TransformFunction[], more: Partial<LineFormat> = {}) => {
  const made = transforms.map((transform, index) => new CustomTransform(`own-${index}.ts`, "1", transform));
  return { ...recordsOf(text, { multiline: DEFAULT_MULTILINE }, { ...lineStream(), format: { type: "auto", transforms: made, ...more } }), made };
};

describe("transforms", () => {
  it("see what was parsed, of any format, and what they give back is the row, masked", () => {
    const seen: unknown[] = [];
    const { rows } = take('{"level":"warn","msg":"json","user":{"id":7},"time":"2024-05-06T07:08:09.123456789Z"}\nlevel=error msg="logfmt line" a=1\n', [
      (record) => {
        seen.push([record.severity, record.message, record.attributes]);
        return { ...record, message: `${record.message} of bob@example.com`, service: "changed", attributes: { ...record.attributes, card: "4111 1111 1111 1111" } };
      },
    ]);
    expect(seen).toEqual([[13, "json", { "user.id": "7" }], [17, "logfmt line", { a: "1" }]]);
    expect(rows).toMatchObject([
      { severity: 13, message: "json of [EMAIL]", service: "changed", timestamp: 1_714_979_289_123_456_789n, attributes: { "user.id": "7", card: "[CARD]" } },
      { severity: 17, message: "logfmt line of [EMAIL]", service: "changed", attributes: { a: "1", card: "[CARD]" } },
    ]);
  });

  it("drop records, which are counted: lines = records + filtered + joined + blank", () => {
    const { block, rows } = take("keep 1\n\ndrop 2\nError: drop 3\n    at f (a.js:1:1)\nkeep 4\n", [(record) => (record.message.includes("drop") ? null : record)]);
    expect(rows.map(({ message }) => message)).toEqual(["keep 1", "keep 4"]);
    expect(block.counts).toMatchObject({ lines: 6, records: 2, filtered: 2, joined: 1, blank: 1 });
  });

  const WRITTEN = 1_714_979_289_123_456_789n;
  it.each([
    [1_714_979_289_123.5, 1_714_979_289_123_500_000n, 0],
    [0, 0n, 0],
    // No times: the record stays as it was.
    [-1, WRITTEN, 1],
    [1e300, WRITTEN, 1],
    [Number.NaN, WRITTEN, 1],
  ])("that give %s ms as the time make it %i ns", (timestamp, ns, failures) => {
    const { rows, made } = take('{"msg":"m","time":"2024-05-06T07:08:09.123456789Z"}\n', [(record) => ({ ...record, timestamp })]);
    expect(rows[0]!.timestamp).toBe(ns);
    expect(made[0]!.failures).toBe(failures);
  });

  it("leave a record as it was where they fail, and go on with the next transform", () => {
    let calls = 0;
    const { rows, made } = take("one\ntwo\n", [
      (record) => {
        record.message = "half changed";
        if (calls++ === 0) throw new Error("cannot");
        return { ...record, severity: 99 };
      },
      (record) => ({ ...record, attributes: { seen: "yes" } }),
    ]);
    expect(rows).toMatchObject([{ message: "one", attributes: { seen: "yes" } }, { message: "two", attributes: { seen: "yes" } }]);
    expect(made.map(({ failures }) => failures)).toEqual([2, 0]);
  });
});
