/**
 * A Native block: number of columns, number of rows, then per column its name, its type and, unless
 * there are no rows, its body (ClickHouse, NativeWriter.cpp, revision 0 as HTTP uses it).
 */

import { planarColumns, STREAMS, type Column, type Stream } from "../schema.ts";
import { ByteWriter } from "./byte-writer.ts";

const columnHeader = ({ name, type }: Column): Buffer => {
  const writer = new ByteWriter(64);
  writer.string(name);
  writer.string(type);
  return Buffer.from(writer.bytes());
};

const headersOf = (columnsOf: (stream: Stream) => readonly Column[]) =>
  Object.fromEntries((Object.keys(STREAMS) as Stream[]).map((stream) => [stream, columnsOf(stream).map(columnHeader)])) as Record<Stream, Buffer[]>;

const HEADERS = { whole: headersOf((stream) => STREAMS[stream]), planes: headersOf(planarColumns) };

/** How `row` travels: in one column, or in the planes of schema version 2. */
export type RowForm = "whole" | "planes";

/** A column's body, whole or in pieces that are joined without anything between them. */
export type ColumnBody = Uint8Array | readonly Uint8Array[];

/** A block in pieces, to be joined: column bodies, given in schema order, and what goes in front of them; `row` whole, or in its planes (schema version 2). */
export const nativePieces = (stream: Stream, columns: readonly ColumnBody[], rows: number, row: RowForm = "whole"): Uint8Array[] => {
  const headers = HEADERS[row][stream];
  if (columns.length !== headers.length) throw new Error(`BUG: ${stream} has ${headers.length} columns, got ${columns.length}`);
  const writer = new ByteWriter(16);
  writer.varint(headers.length);
  writer.varint(rows);
  const pieces: Uint8Array[] = [writer.bytes()];
  for (const [index, body] of columns.entries()) {
    pieces.push(headers[index]!);
    if (rows === 0) continue;
    if (body instanceof Uint8Array) pieces.push(body);
    else pieces.push(...body);
  }
  return pieces;
};

export const bytesOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

/** The block of `nativePieces` in one: in `out` when that is large enough (the result is then a view of it), otherwise in new memory. */
export const encodeNative = (stream: Stream, columns: readonly ColumnBody[], rows: number, out?: Buffer, row: RowForm = "whole"): Buffer => joinPieces(nativePieces(stream, columns, rows, row), out);

export const joinPieces = (pieces: readonly Uint8Array[], out?: Buffer): Buffer => {
  const length = bytesOf(pieces);
  const block = out !== undefined && out.length >= length ? out.subarray(0, length) : Buffer.allocUnsafe(length);
  let at = 0;
  for (const piece of pieces) {
    block.set(piece, at);
    at += piece.length;
  }
  return block;
};
