/** For tests: a stream, small blocks, and the rows of a block as records. */

import { isDeepStrictEqual } from "node:util";
import { decodeNative, type BatchKey, type LogRecord } from "@obs/wire";
import type { LineStream } from "../core/contracts.ts";
import { LogBlock, type LogBlockOptions } from "./log-block.ts";

export const OBSERVED_NS = 1_700_000_000_123_456_789n;
export const KEY: BatchKey = { agent: 0x0123_4567_89ab_cdefn, epoch: 7, seq: 1 };

export const lineStream = (attributes: Record<string, string> = {}): LineStream => ({
  id: "stream-1",
  service: "stream-service",
  host: "stream-host",
  environment: "test",
  attributes,
  encodePosition: (offset) => Buffer.from(String(offset)),
});

export const smallBlock = (options: LogBlockOptions = {}): LogBlock =>
  new LogBlock({ maxRows: 256, inputBytes: 64 * 1024, maxLineBytes: 16 * 1024, ...options });

/** Appends text or bytes as one chunk; the index after the last line taken. */
export const append = (block: LogBlock, stream: LineStream, chunk: string | Uint8Array, final = false): number => {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  block.input.set(bytes);
  return block.appendLines(stream, 0, bytes.length, OBSERVED_NS, final);
};

/** Rows of a Native block of `logs`, given in pieces, through the wire's own decoder. */
export const rowsOf = (pieces: readonly Uint8Array[]): (LogRecord & { batch: bigint; row: number })[] =>
  decodeNative(Buffer.concat(pieces)).flatMap(({ rows, columns }) =>
    Array.from({ length: rows }, (_, row) => {
      const { trace_id, span_id, ...rest } = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]]));
      return { ...rest, traceId: trace_id, spanId: span_id } as LogRecord & { batch: bigint; row: number };
    }),
  );

/** Records of lines, each taken by a block of its own kind: see the tests. */
export const recordsOf = (chunk: string | Uint8Array, options?: LogBlockOptions, stream = lineStream()) => {
  const block = smallBlock(options);
  append(block, stream, chunk, true);
  return { block, rows: rowsOf(block.encode(KEY)) };
};

export interface StreamChunk {
  readonly bytes: Buffer;
  readonly stream: LineStream;
  /** The end of the stream: its last record is complete. */
  readonly final?: boolean;
}

/** Runs chunks through a block with the compiled row pass and one without. */
export const compareWithTypeScript = () => {
  let compiledRecords = 0;
  let records = 0;

  /** Everything that comes of some chunks: the encoded blocks, the counts, where appending stopped, and the times. */
  const outcome = (chunks: readonly StreamChunk[], options: LogBlockOptions) => {
    const block = smallBlock({ maxRows: 16, ...options });
    const blocks: Buffer[] = [];
    const rest: unknown[] = [];
    const seal = (): void => {
      blocks.push(Buffer.concat(block.encode(KEY)));
      rest.push(block.firstNs, block.lastNs);
      block.reset();
    };
    for (const { bytes, stream, final = false } of chunks) {
      block.input.set(bytes);
      let at = 0;
      for (;;) {
        at = block.appendLines(stream, at, bytes.length, OBSERVED_NS, final);
        rest.push(at);
        if (!block.full) break;
        seal();
      }
    }
    if (block.rows > 0) seal();
    if (options.compiled !== false) {
      compiledRecords += block.compiledRecords;
      records += block.counts.records;
    }
    return { blocks, rest: [...rest, block.counts] };
  };

  return {
    /** undefined when both give the same, else both, opened. */
    difference: (chunks: readonly StreamChunk[], options: LogBlockOptions = {}) => {
      const both = [outcome(chunks, options), outcome(chunks, { ...options, compiled: false })] as const;
      const [one, other] = both;
      if (isDeepStrictEqual(one, other)) return undefined;
      return both.map(({ blocks, rest }) => ({ rest, blocks: blocks.map((block) => ({ rows: rowsOf([block]), hex: block.toString("hex") })) }));
    },
    /** Of all records so far, those that the compiled row pass took where it was on. */
    compiledShare: (): number => compiledRecords / records,
  };
};
