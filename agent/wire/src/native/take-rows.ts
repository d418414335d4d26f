import { ByteReader, NativeFormatError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { codecOf } from "./column-codecs.ts";

/**
 * Rows `from` to `to` (not with it) of an uncompressed body of one block, as a block of their own: byte for
 * byte, text that is not UTF-8 too, with no key in a dictionary that they do not use. Throws
 * NativeFormatError when the bytes are not one whole block that this wire carries, or has not those rows.
 */
export const takeRows = (body: Uint8Array, from: number, to: number): Buffer => {
  const reader = new ByteReader(body);
  const columns = reader.varint();
  const rows = reader.varint();
  if (from < 0 || from >= to || to > rows) throw new NativeFormatError(`there are no rows ${from} to ${to} in a block of ${rows}`);
  const writer = new ByteWriter(Math.ceil((body.length * (to - from)) / rows) + 1024);
  writer.varint(columns);
  writer.varint(to - from);
  for (let column = 0; column < columns; column++) {
    writer.string(reader.string());
    const type = reader.string();
    writer.string(type);
    codecOf(type).copy(reader, writer, { rows, from, to });
  }
  if (!reader.done) throw new NativeFormatError("there is more than one block");
  return writer.bytes();
};
