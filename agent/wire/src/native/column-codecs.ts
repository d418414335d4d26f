/**
 * One codec per ClickHouse type that travels. `write` puts a column's body (all that follows its
 * name and type) for at least one row; `read` is its inverse. JavaScript types are those of
 * records.ts: bigint for 64 bits and more and for ns, hex text for FixedString ("" = all zero).
 */

import { NativeFormatError, type ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { LOW_CARDINALITY_VERSION, readLowCardinality, writeLowCardinality } from "./low-cardinality.ts";

export interface ColumnCodec<Value = unknown> {
  write(writer: ByteWriter, values: readonly Value[]): void;
  read(reader: ByteReader, rows: number): Value[];
}

const each = <Value>(
  writeOne: (writer: ByteWriter, value: Value) => void,
  readOne: (reader: ByteReader) => Value,
): ColumnCodec<Value> => ({
  write(writer, values) {
    for (const value of values) writeOne(writer, value);
  },
  read(reader, rows) {
    const values: Value[] = [];
    for (let row = 0; row < rows; row++) values.push(readOne(reader));
    return values;
  },
});

const LOW_64_BITS = 0xffff_ffff_ffff_ffffn;

const uint128 = each<bigint>(
  (writer, value) => {
    writer.uint64(value & LOW_64_BITS);
    writer.uint64(value >> 64n);
  },
  (reader) => reader.uint64() | (reader.uint64() << 64n),
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
  );
};

const checkVersion = (reader: ByteReader): void => {
  const version = reader.uint64();
  if (version !== LOW_CARDINALITY_VERSION) throw new NativeFormatError(`LowCardinality version ${version} is unknown`);
};

const lowCardinality: ColumnCodec<string> = {
  write(writer, values) {
    writer.uint64(LOW_CARDINALITY_VERSION);
    writeLowCardinality(writer, values);
  },
  read(reader, rows) {
    checkVersion(reader);
    return readLowCardinality(reader, rows);
  },
};

/** Prefix of the keys, running totals of the entries, all keys, all values. */
const textMap: ColumnCodec<Readonly<Record<string, string>>> = {
  write(writer, values) {
    writer.uint64(LOW_CARDINALITY_VERSION);
    const entries = values.map((value) => Object.entries(value));
    let total = 0;
    for (const row of entries) writer.uint64(BigInt((total += row.length)));
    writeLowCardinality(writer, entries.flatMap((row) => row.map(([key]) => key)));
    for (const row of entries) for (const [, text] of row) writer.string(text);
  },
  read(reader, rows) {
    checkVersion(reader);
    const ends: number[] = [];
    for (let row = 0; row < rows; row++) ends.push(Number(reader.uint64()));
    const total = ends.at(-1) ?? 0;
    if (total > reader.remaining || ends.some((end, row) => end < (ends[row - 1] ?? 0)))
      throw new NativeFormatError("Map offsets do not grow, or pass the end of the body");
    const keys = readLowCardinality(reader, total);
    const entries = keys.map((key): [string, string] => [key, reader.string()]);
    return ends.map((end, row) => Object.fromEntries(entries.slice(ends[row - 1] ?? 0, end)));
  },
};

const codecs = {
  UInt8: each<number>((writer, value) => writer.uint8(value), (reader) => reader.uint8()),
  UInt32: each<number>((writer, value) => writer.uint32(value), (reader) => reader.uint32()),
  UInt64: each<bigint>((writer, value) => writer.uint64(value), (reader) => reader.uint64()),
  UInt128: uint128,
  Float32: each<number>((writer, value) => writer.float32(value), (reader) => reader.float32()),
  Float64: each<number>((writer, value) => writer.float64(value), (reader) => reader.float64()),
  String: each<string>((writer, value) => writer.string(value), (reader) => reader.string()),
  "FixedString(8)": fixedHex(8),
  "FixedString(16)": fixedHex(16),
  "DateTime64(3, 'UTC')": each<number>((writer, value) => writer.int64(BigInt(Math.trunc(value))), (reader) => Number(reader.int64())),
  "DateTime64(9, 'UTC')": each<bigint>((writer, value) => writer.int64(value), (reader) => reader.int64()),
  "LowCardinality(String)": lowCardinality,
  "Map(LowCardinality(String), String)": textMap,
} as const;

/** Throws NativeFormatError for a type that this wire does not carry. */
export const codecOf = (type: string): ColumnCodec => {
  if (!Object.hasOwn(codecs, type)) throw new NativeFormatError(`type ${JSON.stringify(type)} is not part of this wire`);
  return codecs[type as keyof typeof codecs] as ColumnCodec;
};
