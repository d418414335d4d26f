import { describe, expect, it } from "vitest";
import { append, KEY, lineStream, smallBlock } from "./fixtures.ts";

const sampleOf = (lines: readonly string[], compiled = true) => {
  const block = smallBlock({ compiled });
  append(block, lineStream({ "log.file.path": "/x" }), `${lines.join("\n")}\n`);
  const { services } = block.sampleFields()!;
  return Object.fromEntries([...services].map(([service, { rows, fields }]) => [service, { rows, fields: Object.fromEntries(fields) }]));
};

describe("fields of a block's first rows", () => {
  it("are counted by service, with their types, from masked values", () => {
    const line = '{"service":"api","message":"m","n":5,"f":1.5,"big":123456789012345678901234567890,"ok":true,"list":[1],"user":"bob@example.com","zip":"0815","none":"","e":1e5}';
    for (const compiled of [true, false]) {
      expect(sampleOf([line, line, line, '{"service":"db","message":"m"}', "text"], compiled)).toEqual({
        api: {
          rows: 3,
          fields: {
            n: { rows: 3, types: { integer: 3 }, example: "5" },
            f: { rows: 3, types: { number: 3 }, example: "1.5" },
            big: { rows: 3, types: { integer: 3 }, example: "123456789012345678901234567890" },
            ok: { rows: 3, types: { boolean: 3 }, example: "true" },
            list: { rows: 3, types: { array: 3 }, example: "[1]" },
            user: { rows: 3, types: { string: 3 }, example: "[EMAIL]" },
            zip: { rows: 3, types: { string: 3 }, example: "0815" },
            none: { rows: 3, types: { string: 3 }, example: "" },
            e: { rows: 3, types: { number: 3 }, example: "1e5" },
            "log.file.path": { rows: 3, types: { string: 3 }, example: "/x" },
          },
        },
        db: { rows: 1, fields: { "log.file.path": { rows: 1, types: { string: 1 }, example: "/x" } } },
        "stream-service": { rows: 1, fields: { "log.file.path": { rows: 1, types: { string: 1 }, example: "/x" } } },
      });
    }
  });

  it("are those of 16 rows, examples are cut, and an empty block has none", () => {
    const sample = sampleOf(Array.from({ length: 100 }, () => `{"message":"m","long":"${"é".repeat(300)}"}`));
    expect(sample["stream-service"]).toMatchObject({ rows: 16, fields: { long: { rows: 16 } } });
    expect(sample["stream-service"]!.fields["long"]!.example.length).toBeLessThanOrEqual(80);
    const block = smallBlock();
    expect(block.sampleFields()).toBeUndefined();
    append(block, lineStream(), "one\n");
    block.encode(KEY);
    block.reset();
    expect(block.sampleFields()).toBeUndefined();
  });
});
