/**
 * A block's columns to one Native block. They lie in the arena as the format wants them; what is
 * made here are the dictionaries, and the row's ids narrowed to indexes of these.
 */

import {
  ByteWriter,
  LOW_CARDINALITY_VERSION,
  batchKeyToUInt128,
  bytesOf,
  indexWidth,
  joinPieces,
  nativePieces,
  writeDictionary,
  type BatchKey,
  type ColumnBody,
} from "@obs/wire";
import type { LogColumns } from "./columns.ts";

/** A piece of this size is compressed where it lies; smaller ones are copied together, so that a small block is one piece. */
const LONE_PIECE_BYTES = 256 * 1024;
/** Memory of what was copied together is kept, and grows by steps. */
const STEP_BYTES = 256 * 1024;

interface Ids {
  readonly size: number;
  value(id: number): Buffer;
}

export class BlockEncoder {
  readonly #columns: LogColumns;
  readonly #narrow: Narrow;
  /** Holds the small pieces. */
  #small: Buffer = Buffer.alloc(0);

  /** `narrow`: of the compiled row pass, where there is one. */
  constructor(columns: LogColumns, narrow: Narrow = narrowIn(columns)) {
    this.#columns = columns;
    this.#narrow = narrow;
  }

  /**
   * The block, to be joined: as few pieces as there are without copying what is large. Valid until
   * the next call, and until the columns change.
   */
  encode(key: BatchKey): Uint8Array[] {
    const pieces = this.#pieces(key);
    this.#reserve(bytesOf(pieces.filter(isSmall)));
    const joined: Uint8Array[] = [];
    let at = 0;
    for (let index = 0; index < pieces.length; ) {
      let end = index;
      while (end < pieces.length && isSmall(pieces[end]!)) end++;
      if (end > index) at += joined[joined.push(joinPieces(pieces.slice(index, end), this.#small.subarray(at))) - 1]!.length;
      else joined.push(pieces[end++]!);
      index = end;
    }
    return joined;
  }

  #pieces(key: BatchKey): Uint8Array[] {
    const columns = this.#columns;
    const { rows } = columns;
    const { bytes } = columns.arena;
    const fixed = (start: number, width: number) => bytes.subarray(start, start + rows * width);
    const bodies: ColumnBody[] = [
      this.#batches(key),
      ...columns.ordinals.map((plane) => fixed(plane, 1)),
      fixed(columns.timestamps, 8),
      fixed(columns.observed, 8),
      fixed(columns.severities, 1),
      [version(), ...this.#indexes(columns.services, columns.serviceIds, rows, columns.indexes)],
      [version(), ...this.#indexes(columns.hosts, columns.hostIds, rows, columns.indexes + rows * 2)],
      [version(), ...this.#indexes(columns.environments, columns.environmentIds, rows, columns.indexes + rows * 4)],
      bytes.subarray(columns.messages, columns.messageEnd),
      fixed(columns.traceIds, 16),
      fixed(columns.spanIds, 8),
      fixed(columns.patterns, 8),
      fixed(columns.weights, 4),
      this.#attributes(),
    ];
    return nativePieces("logs", bodies, rows, "planes");
  }

  #batches(key: BatchKey): Uint8Array {
    const { arena, batches, rows } = this.#columns;
    const value = batchKeyToUInt128(key);
    const end = batches + rows * 16;
    arena.view.setBigUint64(batches, BigInt.asUintN(64, value), true);
    arena.view.setBigUint64(batches + 8, value >> 64n, true);
    for (let done = 16; batches + done < end; done *= 2) arena.bytes.copyWithin(batches + done, batches, Math.min(batches + done, end - done));
    return arena.bytes.subarray(batches, end);
  }

  #attributes(): Uint8Array[] {
    const { arena, entryEnds, entryKeys, entryCount, indexes, values, valueEnd, keys, rows } = this.#columns;
    const offsets = arena.bytes.subarray(entryEnds, entryEnds + rows * 8);
    if (entryCount === 0) return [version(), offsets];
    return [version(), offsets, ...this.#indexes(keys, entryKeys, entryCount, indexes + rows * 6), arena.bytes.subarray(values, valueEnd)];
  }

  /** Dictionary of the ids used and, at `target`, one index per id of 1 or 2 bytes. */
  #indexes(ids: Ids, start: number, count: number, target: number): Uint8Array[] {
    const used = this.#narrow(start, count, target);
    const header = new ByteWriter(256);
    writeDictionary(
      header,
      Array.from(used, (id) => ids.value(id)),
      count,
    );
    return [header.bytes(), this.#columns.arena.bytes.subarray(target, target + count * indexWidth(used.length))];
  }

  #reserve(bytes: number): void {
    if (this.#small.length < bytes) this.#small = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }
}

const isSmall = (piece: Uint8Array): boolean => piece.length < LONE_PIECE_BYTES;

/** Writes, at `target`, an index of 1 or 2 bytes for each of `count` ids at `ids`; gives the ids in the order of their indexes. */
export type Narrow = (ids: number, count: number, target: number) => ArrayLike<number>;

const narrowIn = ({ arena: { bytes, view } }: LogColumns): Narrow => {
  /** Per id its index in the block + 1; 0 = not used so far. */
  const indexOfId = new Uint16Array(0x10000);
  return (start, count, target) => {
    const used: number[] = [];
    const ids = new Uint16Array(bytes.buffer, start, count);
    for (let index = 0; index < count; index++) {
      const id = ids[index]!;
      if (indexOfId[id] === 0) indexOfId[id] = used.push(id);
    }
    if (indexWidth(used.length) === 1) for (let index = 0; index < count; index++) bytes[target + index] = indexOfId[ids[index]!]! - 1;
    else for (let index = 0; index < count; index++) view.setUint16(target + index * 2, indexOfId[ids[index]!]! - 1, true);
    for (const id of used) indexOfId[id] = 0;
    return used;
  };
};

const version = (): Uint8Array => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(LOW_CARDINALITY_VERSION);
  return bytes;
};
