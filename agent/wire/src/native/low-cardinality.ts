/**
 * LowCardinality(String) in Native: once per column a version word, then per block the flags, a
 * dictionary of its own and one index per row (ClickHouse, SerializationLowCardinality.cpp). The
 * version stands in the column's *prefix*: inside a Map it comes before the Map's offsets.
 */

import { NativeFormatError, type ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

export const LOW_CARDINALITY_VERSION = 1n;

/** The block brings its own keys (bit 9) and no shared dictionary is updated in part (bit 10). */
const OWN_KEYS = 0x200n | 0x400n;
const SHARED_DICTIONARY = 0x100n;

/** Bytes of one index into a dictionary of that many keys: 1, 2 or 4. */
export const indexWidth = (keys: number): 1 | 2 | 4 => (keys <= 0x100 ? 1 : keys <= 0x10000 ? 2 : 4);

/** Everything that stands before the indexes, without the version. Keys are UTF-8. */
export const writeDictionary = (writer: ByteWriter, keys: readonly Uint8Array[], rows: number): void => {
  writer.uint64(OWN_KEYS | BigInt(indexWidth(keys.length) >> 1));
  writer.uint64(BigInt(keys.length));
  for (const key of keys) {
    writer.varint(key.length);
    writer.raw(key);
  }
  writer.uint64(BigInt(rows));
};

/** Nothing at all is written for no rows: that is how ClickHouse reads it back. */
export const writeLowCardinality = (writer: ByteWriter, values: readonly string[]): void => {
  if (values.length === 0) return;
  const indexOf = new Map<string, number>();
  for (const value of values) if (!indexOf.has(value)) indexOf.set(value, indexOf.size);
  writeDictionary(writer, Array.from(indexOf.keys(), (key) => Buffer.from(key)), values.length);
  writeIndexes(writer, values.map((value) => indexOf.get(value)!), indexOf.size);
};

const writeIndexes = (writer: ByteWriter, indexes: readonly number[], keys: number): void => {
  const width = indexWidth(keys);
  for (const index of indexes) {
    if (width === 1) writer.uint8(index);
    else if (width === 2) writer.uint16(index);
    else writer.uint32(index);
  }
};

/** The key of each row, each read once. */
const readKeys = <Key>(reader: ByteReader, rows: number, readKey: () => Key): Key[] => {
  const values: Key[] = [];
  while (values.length < rows) {
    const flags = reader.uint64();
    if (flags & SHARED_DICTIONARY) throw new NativeFormatError("shared LowCardinality dictionaries are not part of this wire");
    const keys = Array.from({ length: reader.count() }, readKey);
    const count = reader.count();
    if (count === 0 || values.length + count > rows) throw new NativeFormatError("LowCardinality indexes do not match the rows");
    const readIndex = indexReader(reader, Number(flags & 0xffn));
    for (let row = 0; row < count; row++) {
      const key = keys[readIndex()];
      if (key === undefined) throw new NativeFormatError("LowCardinality index outside of its dictionary");
      values.push(key);
    }
  }
  return values;
};

export const readLowCardinality = (reader: ByteReader, rows: number): string[] => readKeys(reader, rows, () => reader.string());

/** Some of the rows, with the keys that they use; keys are not decoded. */
export const copyLowCardinality = (reader: ByteReader, writer: ByteWriter, { rows, from, to }: { rows: number; from: number; to: number }): void => {
  const values = readKeys(reader, rows, () => reader.raw(reader.varint())).slice(from, to);
  if (values.length === 0) return;
  const indexOf = new Map<Buffer, number>();
  for (const key of values) if (!indexOf.has(key)) indexOf.set(key, indexOf.size);
  writeDictionary(writer, [...indexOf.keys()], values.length);
  writeIndexes(writer, values.map((key) => indexOf.get(key)!), indexOf.size);
};

const indexReader = (reader: ByteReader, type: number): (() => number) => {
  if (type === 0) return () => reader.uint8();
  if (type === 1) return () => reader.uint16();
  if (type === 2) return () => reader.uint32();
  throw new NativeFormatError(`LowCardinality index type ${type} is not part of this wire`);
};
