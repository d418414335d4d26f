import { ByteReader, NativeFormatError } from "./byte-reader.ts";
import { codecOf } from "./column-codecs.ts";
import { ROW_PLANES } from "../schema.ts";

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
  return { rows, columns: withWholeRow(Object.fromEntries(columns)) };
};

/** Planes of `row` become that column again. */
const withWholeRow = (columns: Record<string, unknown[]>): Record<string, unknown[]> => {
  const [low, middle, high] = ROW_PLANES.map((name) => columns[name] as number[] | undefined);
  if (!low || !middle || !high) return columns;
  const row = low.map((byte, index) => byte + middle[index]! * 0x100 + high[index]! * 0x10000);
  return Object.fromEntries(Object.entries(columns).flatMap(([name, values]): [string, unknown[]][] => (name === ROW_PLANES[0] ? [["row", row]] : (ROW_PLANES as readonly string[]).includes(name) ? [] : [[name, values]])));
};
