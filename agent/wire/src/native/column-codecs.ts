/**
 * One codec per ClickHouse type that travels. `write` puts a column's body (all that follows its
 * name and type) for at least one row; `read` is its inverse. JavaScript types are those of
 * records.ts: bigint for 64 bits and more and for ns, hex text for FixedString ("" = all zero).
 * `copy` moves some of the rows from one body to another, byte for byte.
 */

import { NativeFormatError, type ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { copyLowCardinality, LOW_CARDINALITY_VERSION, readLowCardinality, writeLowCardinality } from "./low-cardinality.ts";

/** Rows `from` to `to` (not with it) of the `rows` that a body has. */
export interface RowSpan {
  readonly rows: number;
  readonly from: number;
  readonly to: number;
}

export interface ColumnCodec<Value = unknown> {
  /** What stands once before the column's body, outside of any array around it. */
  readonly prefix?: Prefix;
  write(writer: ByteWriter, values: readonly Value[]): void;
  read(reader: ByteReader, rows: number): Value[];
  /** Reads the whole body, and writes one of the rows in the span; of none, it writes nothing but offsets. */
  copy(reader: ByteReader, writer: ByteWriter, span: RowSpan): void;
}

interface Prefix {
  write(writer: ByteWriter): void;
  check(reader: ByteReader): void;
}

const copyFixed =
  (bytes: number): ColumnCodec["copy"] =>
  (reader, writer, { rows, from, to }) =>
    writer.raw(reader.raw(rows * bytes).subarray(from * bytes, to * bytes));

const copyStrings: ColumnCodec["copy"] = (reader, writer, { rows, from, to }) => {
  for (let row = 0; row < rows; row++) {
    const bytes = reader.raw(reader.varint());
    if (row < from || row >= to) continue;
    writer.varint(bytes.length);
    writer.raw(bytes);
  }
};

const each = <Value>(
  writeOne: (writer: ByteWriter, value: Value) => void,
  readOne: (reader: ByteReader) => Value,
  copy: ColumnCodec["copy"],
): ColumnCodec<Value> => ({
  write(writer, values) {
    for (const value of values) writeOne(writer, value);
  },
  read(reader, rows) {
    const values: Value[] = [];
    for (let row = 0; row < rows; row++) values.push(readOne(reader));
    return values;
  },
  copy,
});

const LOW_64_BITS = 0xffff_ffff_ffff_ffffn;

const uint128 = each<bigint>(
  (writer, value) => {
    writer.uint64(value & LOW_64_BITS);
    writer.uint64(value >> 64n);
  },
  (reader) => reader.uint64() | (reader.uint64() << 64n),
  copyFixed(16),
);

/** Hex text on the JavaScript side; anything that is not exactly `length` bytes of hex is all zero. */
const fixedHex = (length: number): ColumnCodec<string> => {
  const zero = Buffer.alloc(length);
  return each(
    (writer, hex) => {
      const bytes = Buffer.from(hex, "hex");
      writer.raw(bytes.length === length ? bytes : zero);
    },
    (reader) => {
      const bytes = reader.raw(length);
      return bytes.equals(zero) ? "" : bytes.toString("hex");
    },
    copyFixed(length),
  );
};

const VERSION: Prefix = {
  write: (writer) => writer.uint64(LOW_CARDINALITY_VERSION),
  check(reader) {
    const version = reader.uint64();
    if (version !== LOW_CARDINALITY_VERSION) throw new NativeFormatError(`LowCardinality version ${version} is unknown`);
  },
};

const lowCardinality: ColumnCodec<string> = { prefix: VERSION, write: writeLowCardinality, read: readLowCardinality, copy: copyLowCardinality };

/** Running totals of the lengths, then all elements one after the other. */
const writeEnds = (writer: ByteWriter, lengths: readonly number[]): void => {
  let total = 0;
  for (const length of lengths) writer.uint64(BigInt((total += length)));
};

const readEnds = (reader: ByteReader, rows: number, what: string): number[] => {
  const ends: number[] = [];
  for (let row = 0; row < rows; row++) ends.push(Number(reader.uint64()));
  // Every element takes a byte at least.
  if ((ends.at(-1) ?? 0) > reader.remaining || ends.some((end, row) => end < (ends[row - 1] ?? 0))) throw new NativeFormatError(`${what} offsets do not grow, or pass the end of the body`);
  return ends;
};

/** Writes the offsets of the rows in the span; returns the elements that belong to them. */
const copyEnds = (reader: ByteReader, writer: ByteWriter, { rows, from, to }: RowSpan, what: string): RowSpan => {
  const ends = readEnds(reader, rows, what);
  const first = ends[from - 1] ?? 0;
  for (let row = from; row < to; row++) writer.uint64(BigInt(ends[row]! - first));
  return { rows: ends.at(-1) ?? 0, from: first, to: ends[to - 1] ?? 0 };
};

const slices = <Value>(ends: readonly number[], values: readonly Value[]): Value[][] => ends.map((end, row) => values.slice(ends[row - 1] ?? 0, end));

/** Offsets, all keys, all values. */
const textMap: ColumnCodec<Readonly<Record<string, string>>> = {
  prefix: VERSION,
  write(writer, values) {
    const entries = values.map((value) => Object.entries(value));
    writeEnds(writer, entries.map((row) => row.length));
    writeLowCardinality(writer, entries.flatMap((row) => row.map(([key]) => key)));
    for (const row of entries) for (const [, text] of row) writer.string(text);
  },
  read(reader, rows) {
    const ends = readEnds(reader, rows, "Map");
    const keys = readLowCardinality(reader, ends.at(-1) ?? 0);
    const entries = keys.map((key): [string, string] => [key, reader.string()]);
    return slices(ends, entries).map((row) => Object.fromEntries(row));
  },
  copy(reader, writer, span) {
    const entries = copyEnds(reader, writer, span, "Map");
    copyLowCardinality(reader, writer, entries);
    copyStrings(reader, writer, entries);
  },
};

/** Offsets, all elements. Elements of no bytes are none that travel. */
const arrayOf = <Value>(element: ColumnCodec<Value>): ColumnCodec<readonly Value[]> => ({
  ...(element.prefix && { prefix: element.prefix }),
  write(writer, values) {
    writeEnds(writer, values.map((value) => value.length));
    element.write(writer, values.flat() as Value[]);
  },
  read(reader, rows) {
    const ends = readEnds(reader, rows, "Array");
    return slices(ends, element.read(reader, ends.at(-1) ?? 0));
  },
  copy: (reader, writer, span) => element.copy(reader, writer, copyEnds(reader, writer, span, "Array")),
});

const uint64 = each<bigint>((writer, value) => writer.uint64(value), (reader) => reader.uint64(), copyFixed(8));
const float64 = each<number>((writer, value) => writer.float64(value), (reader) => reader.float64(), copyFixed(8));
const string = each<string>((writer, value) => writer.string(value), (reader) => reader.string(), copyStrings);
const nanoseconds = each<bigint>((writer, value) => writer.int64(value), (reader) => reader.int64(), copyFixed(8));

const codecs = {
  UInt8: each<number>((writer, value) => writer.uint8(value), (reader) => reader.uint8(), copyFixed(1)),
  UInt32: each<number>((writer, value) => writer.uint32(value), (reader) => reader.uint32(), copyFixed(4)),
  Int32: each<number>((writer, value) => writer.uint32(value >>> 0), (reader) => reader.uint32() | 0, copyFixed(4)),
  UInt64: uint64,
  UInt128: uint128,
  Float32: each<number>((writer, value) => writer.float32(value), (reader) => reader.float32(), copyFixed(4)),
  Float64: float64,
  String: string,
  "FixedString(8)": fixedHex(8),
  "FixedString(16)": fixedHex(16),
  "DateTime64(3, 'UTC')": each<number>((writer, value) => writer.int64(BigInt(Math.trunc(value))), (reader) => Number(reader.int64()), copyFixed(8)),
  "DateTime64(9, 'UTC')": nanoseconds,
  "LowCardinality(String)": lowCardinality,
  "Map(LowCardinality(String), String)": textMap,
  "Array(UInt64)": arrayOf(uint64),
  "Array(Float64)": arrayOf(float64),
  "Array(String)": arrayOf(string),
  "Array(FixedString(8))": arrayOf(fixedHex(8)),
  "Array(FixedString(16))": arrayOf(fixedHex(16)),
  "Array(DateTime64(9, 'UTC'))": arrayOf(nanoseconds),
  "Array(Map(LowCardinality(String), String))": arrayOf(textMap),
} as const;

/** The codec of a whole column: its prefix, then its body. */
const withPrefix = ({ prefix, write, read, copy }: ColumnCodec): ColumnCodec =>
  prefix
    ? {
        write(writer, values) {
          prefix.write(writer);
          write(writer, values);
        },
        read(reader, rows) {
          prefix.check(reader);
          return read(reader, rows);
        },
        copy(reader, writer, span) {
          prefix.check(reader);
          prefix.write(writer);
          copy(reader, writer, span);
        },
      }
    : { write, read, copy };

/** Throws NativeFormatError for a type that this wire does not carry. */
export const codecOf = (type: string): ColumnCodec => {
  if (!Object.hasOwn(codecs, type)) throw new NativeFormatError(`type ${JSON.stringify(type)} is not part of this wire`);
  return withPrefix(codecs[type as keyof typeof codecs] as ColumnCodec);
};
