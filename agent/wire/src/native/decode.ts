import { ByteReader, NativeFormatError } from "./byte-reader.ts";
import { codecOf } from "./column-codecs.ts";

export interface DecodedBlock {
  readonly rows: number;
  /** Column name to its values; see column-codecs.ts for their JavaScript types. */
  readonly columns: Record<string, unknown[]>;
}

/**
 * All blocks of an uncompressed body. For tests, counting and `buffer dump`, not for the hot path.
 * Throws NativeFormatError when the bytes are not whole blocks of types that this wire carries.
 */
export const decodeNative = (bytes: Uint8Array): DecodedBlock[] => {
  const reader = new ByteReader(bytes);
  const blocks: DecodedBlock[] = [];
  while (!reader.done) blocks.push(decodeBlock(reader));
  return blocks;
};

const decodeBlock = (reader: ByteReader): DecodedBlock => {
  const columnCount = reader.varint();
  const rows = reader.varint();
  if (rows > reader.remaining) throw new NativeFormatError(`${rows} rows do not fit into the rest of the body`);
  const columns: [string, unknown[]][] = [];
  for (let column = 0; column < columnCount; column++) {
    const name = reader.string();
    const codec = codecOf(reader.string());
    columns.push([name, rows === 0 ? [] : codec.read(reader, rows)]);
  }
  return { rows, columns: Object.fromEntries(columns) };
};
