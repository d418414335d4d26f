import { decodeNative, encodeSpans } from "@obs/wire";
import { describe, expect, it } from "vitest";
import { GOLDEN } from "../../wire/testdata/golden.ts";
import { createMask } from "../mask/index.ts";
import { ManualClock, RecordingBuffer } from "./fixtures.ts";
import { GroupSpanShard } from "./span-shard.ts";

const spanAt = (timestamp: bigint) => ({ ...GOLDEN.spans[0]!, timestamp });

const build = (maxRows = 100) => {
  const buffer = new RecordingBuffer();
  const clock = new ManualClock();
  const shard = new GroupSpanShard({ encodeSpans, compress: (pieces) => Buffer.concat(pieces), buffer, clock, lingerMs: 20, maxRows, mask: createMask({ enabled: true, detectors: ["email"] }) });
  return { buffer, clock, shard };
};

describe("span shard", () => {
  it("makes spans of several callers durable in one write, after the linger", async () => {
    const { buffer, clock, shard } = build();
    const both = Promise.all([shard.append([spanAt(7n)]), shard.append([spanAt(5n), spanAt(9n)])]);
    expect(buffer.commits).toHaveLength(0);
    clock.advance(20);
    await both;
    expect(buffer.commits).toHaveLength(1);
    expect(buffer.commits[0]!.batches).toMatchObject([{ stream: "spans", rows: 3, firstNs: 5n, lastNs: 9n }]);
  });

  it("is full without waiting, and cuts what is more than a batch into several of one write", async () => {
    const { buffer, shard } = build(2);
    await shard.append([1n, 2n, 3n, 4n, 5n].map(spanAt));
    expect(buffer.commits.map(({ batches }) => batches.map(({ rows }) => rows))).toEqual([[2, 2, 1]]);
  });

  it("masks values wherever they stand, and neither names nor ids", async () => {
    const { buffer, shard } = build();
    const mail = "bob@example.com";
    const attributes = { [mail]: mail };
    const done = shard.append([{ ...spanAt(1n), name: `GET ${mail}`, statusMessage: mail, attributes, events: [{ time: 1n, name: mail, attributes }], links: [{ traceId: "", spanId: "", attributes }] }]);
    await shard.flush();
    await done;
    const { columns } = decodeNative(buffer.commits[0]!.batches[0]!.body)[0]!;
    const masked = { "[EMAIL]": "[EMAIL]" };
    expect(columns).toMatchObject({ name: [`GET ${mail}`], status_message: ["[EMAIL]"], attributes: [masked], event_name: [["[EMAIL]"]], event_attributes: [[masked]], link_attributes: [[masked]] });
  });

  it("takes nothing for nothing, and rejects all callers of a write that failed", async () => {
    const { buffer, shard } = build();
    await shard.append([]);
    await shard.flush();
    expect(buffer.commits).toEqual([]);
    buffer.commit = () => Promise.reject(new Error("no disk"));
    const both = Promise.allSettled([shard.append([spanAt(1n)]), shard.append([spanAt(2n)])]);
    await shard.flush().catch(() => {});
    expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
