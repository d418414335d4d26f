import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { append, KEY, lineStream, recordsOf, rowsOf, smallBlock } from "./fixtures.ts";
import { twoLinesOfOneShape } from "./json-lines.fixtures.ts";

const RUNS = 300;

const lineOf = (id: number) =>
  `{"timestamp":"2024-06-07T10:00:00.00${id % 10}Z","level":"INFO","service":"s${id % 3}","message":"m ${id} \\"q\\"","ctx":{"n":${id},"ok":true,"none":null},"tags":["a","b"]}\n`;

describe("the fast row pass", () => {
  it("gives the same record as the slow path, whatever shape was learned before", () => {
    let fast = 0;
    fc.assert(
      fc.property(twoLinesOfOneShape, ({ lines: [first, second] }) => {
        const stream = lineStream({ "log.file.path": "/var/log/x.log" });
        const learned = smallBlock();
        append(learned, stream, first + second + second);
        const rows = rowsOf(learned.encode(KEY)).slice(-2);
        fast += learned.counts.records - learned.counts.slow - learned.counts.malformed;
        const fresh = smallBlock();
        append(fresh, stream, second);
        const [expected] = rowsOf(fresh.encode(KEY));
        for (const row of rows) expect({ ...row, row: 0 }).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
    expect(fast).toBeGreaterThan(RUNS / 4);
  });

  // Each begins like a shape that was learned, and is odd in one value or at its end.
  it.each([
    '{"n":007,"s":"x","a":[1]}', '{"n":-01,"s":"x","a":[1]}', '{"n":1.,"s":"x","a":[1]}', '{"n":-,"s":"x","a":[1]}', '{"n":1e,"s":"x","a":[1]}', '{"n":.5,"s":"x","a":[1]}',
    '{"n":tru,"s":"x","a":[1]}', '{"n":falsy,"s":"x","a":[1]}', '{"n":1,"s":"\\x","a":[1]}', '{"n":1,"s":"\\u12","a":[1]}', '{"n":1,"s":"\t","a":[1]}', '{"n":1,"s":"x',
    '{"n":1,"s":"x","a":[1,]}', '{"n":1,"s":"x","a":[01]}', '{"n":1,"s":"x","a":[1}', '{"n":1,"s":"x","a":[{"k" 1}]}', '{"n":1,"s":"x","a":[{"k":1,}]}', '{"n":1,"s":"x","a":[tru]}',
    '{"n":1,"s":"x","a":[1]} x', '{"n":1,"s":"x","a":[1]}}', '{"n":1,"s":"x","a":[1],}', '{"n":1,"s":"x","a":[1]',
  ])("leaves %j to the slow path", (odd) => {
    const shape = '{"n":1,"s":"x","a":[1]}\n';
    const { block, rows } = recordsOf(`${shape}${shape}${odd}\n${shape}`);
    const { rows: alone } = recordsOf(`${odd}\n`);
    expect(block.counts).toMatchObject({ slow: 1, malformed: 1, records: 4 });
    expect({ ...rows[2]!, row: 0 }).toEqual(alone[0]);
  }); // prettier-ignore

  it("takes lines of one shape without the slow path", () => {
    const { block, rows } = recordsOf(Array.from({ length: 50 }, (_, id) => lineOf(id)).join(""));
    expect(block.counts.slow).toBe(1);
    expect(rows).toHaveLength(50);
    expect(rows[49]).toMatchObject({
      severity: 9,
      service: "s1",
      message: 'm 49 "q"',
      timestamp: 1_717_754_400_009_000_000n,
      attributes: { "ctx.n": "49", "ctx.ok": "true", tags: '["a","b"]' },
    });
  });

  it("does not let escapes hide what is masked", () => {
    const lines = ['{"message":"to bob@example.com","x":"1"}', '{"message":"to bob\\u0040example.com","x":"\\u0034111111111111111"}'];
    const { rows } = recordsOf([lines[0], lines[0], lines[1], ""].join("\n"));
    expect(rows.map(({ message }) => message)).toEqual(["to [EMAIL]", "to [EMAIL]", "to [EMAIL]"]);
    expect(rows[2]!.attributes).toEqual({ x: "[CARD]" });
  });
});
