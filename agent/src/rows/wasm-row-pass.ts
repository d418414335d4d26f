/**
 * The compiled row pass (wasm/row-pass.ts) over a block's arena. It takes the lines whose shape,
 * names and levels TypeScript has seen before, and leaves every other line to TypeScript.
 */

import { readFileSync } from "node:fs";
import { MAX_HITS, MAX_ROW_ATTRIBUTES, type LogColumns } from "./columns.ts";
import { NO_HIT, type Detector } from "../mask/index.ts";

/** Fields of the state block, as wasm/row-pass.ts has them. */
const STATE = {
  ROWS: 0, MESSAGE_END: 4, VALUE_END: 8, ENTRY_COUNT: 12, SERVICE: 16, HOST: 20, ENVIRONMENT: 24, SHARED_COUNT: 28, SHARED_FROM: 32, SHARED_LENGTH: 36,
  MAX_ENTRY_COUNT: 40, FULL_MESSAGES: 44, FULL_VALUES: 48, MAX_ROWS: 52, MAX_LINE: 56, MESSAGE_HITS: 60, VALUE_HITS: 64, MASKS_DIGITS: 68, MASKS_WORDS: 72,
  OBSERVED: 80, FIRST_NS: 88, LAST_NS: 96, SETUP: 128,
} as const; // prettier-ignore

const MIN_NS = -0x8000_0000_0000_0000n;
const MAX_NS = 0x7fff_ffff_ffff_ffffn;
const NS_PER_SECOND = 1_000_000_000n;

interface Exports {
  setup(at: number): void;
  run(from: number, limit: number, lane: Lane): number;
  look(count: number, from: number, to: number): void;
  narrow(ids: number, count: number, target: number, table: number, used: number): number;
}

/** What the next line is taken for: `run` in wasm/row-pass.ts. */
export const LANE = { JSON: 0, ACCESS: 1, ACCESS_IF_FOLLOWED: 2 } as const;
export type Lane = (typeof LANE)[keyof typeof LANE];

let compiled: WebAssembly.Module | undefined | null;

/** undefined where there is no WebAssembly, or none with SIMD. */
const compileOnce = (): WebAssembly.Module | undefined => {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(readFileSync(new URL("./wasm/row-pass.wasm", import.meta.url)));
    } catch {
      compiled = null;
    }
  }
  return compiled ?? undefined;
};

/** Resource, shared attributes and time of the rows of one chunk. */
export interface ChunkRow {
  readonly service: number;
  readonly host: number;
  readonly environment: number;
  readonly observedNs: bigint;
}

export class WasmRowPass {
  readonly #columns: LogColumns;
  readonly #view: DataView;
  readonly #state: number;
  readonly #exports: Exports;
  readonly #messageHits: Int32Array;
  readonly #valueHits: Int32Array;
  readonly #masks: boolean;
  /** Ends of what was looked at for candidates. */
  #lookedMessages = 0;
  #lookedValues = 0;

  /** undefined when it cannot run here. */
  static open(columns: LogColumns, detectors: ReadonlySet<Detector>, maxLineBytes: number): WasmRowPass | undefined {
    const { memory } = columns.arena;
    const module = memory && compileOnce();
    return module && new WasmRowPass(columns, new WebAssembly.Instance(module, { env: { memory } }), detectors, maxLineBytes);
  }

  private constructor(columns: LogColumns, instance: WebAssembly.Instance, detectors: ReadonlySet<Detector>, maxLineBytes: number) {
    this.#columns = columns;
    this.#view = columns.arena.view;
    this.#state = columns.state;
    this.#exports = instance.exports as unknown as Exports;
    this.#masks = detectors.size > 0;
    const memory = columns.arena.bytes.buffer;
    this.#messageHits = new Int32Array(memory, columns.messageHits, MAX_HITS + 1);
    this.#valueHits = new Int32Array(memory, columns.valueHits, MAX_HITS + 1);
    const regions = [
      columns.state, columns.shapeNodes, columns.shapeLiterals, columns.levels, columns.sharedKeys, columns.timestamps, columns.observed, columns.severities,
      columns.serviceIds, columns.hostIds, columns.environmentIds, columns.traceIds, columns.spanIds, columns.entryEnds, columns.entryKeys, columns.scratch,
      ...columns.names, columns.messageHits, columns.valueHits, columns.accessKeys, columns.agents,
    ]; // prettier-ignore
    regions.forEach((start, index) => this.#set(STATE.SETUP + index * 4, start));
    this.#exports.setup(this.#state + STATE.SETUP);
    const { limits } = columns;
    this.#set(STATE.MAX_ENTRY_COUNT, limits.entryCount);
    this.#set(STATE.FULL_MESSAGES, limits.messageEnd);
    this.#set(STATE.FULL_VALUES, limits.valueEnd);
    this.#set(STATE.MAX_ROWS, columns.maxRows);
    this.#set(STATE.MAX_LINE, maxLineBytes);
    this.#set(STATE.MASKS_DIGITS, detectors.has("card") || detectors.has("ssn") ? 1 : 0);
    this.#set(STATE.MASKS_WORDS, this.#masks ? 1 : 0);
  }

  /** What the rows of the next lines have in common. False: their attributes are too many to share. */
  openChunk(row: ChunkRow, sharedKeys: readonly number[]): boolean {
    if (sharedKeys.length > MAX_ROW_ATTRIBUTES) return false;
    this.#set(STATE.SERVICE, row.service);
    this.#set(STATE.HOST, row.host);
    this.#set(STATE.ENVIRONMENT, row.environment);
    this.#view.setBigInt64(this.#state + STATE.OBSERVED, row.observedNs, true);
    this.#set(STATE.SHARED_COUNT, sharedKeys.length);
    sharedKeys.forEach((key, index) => this.#view.setUint16(this.#columns.sharedKeys + index * 2, key, true));
    this.#set(STATE.MESSAGE_HITS, 0);
    this.#set(STATE.VALUE_HITS, 0);
    this.#lookedMessages = this.#columns.messageEnd;
    this.#lookedValues = this.#columns.valueEnd;
    return true;
  }

  /**
   * Takes lines of [from, limit) until one is TypeScript's, or the block is full; index after the
   * last one taken. The values of the shared attributes are in the values column, at `sharedFrom`.
   */
  run(lane: Lane, from: number, limit: number, sharedFrom: number, sharedLength: number): number {
    const columns = this.#columns;
    this.#look();
    this.#set(STATE.SHARED_FROM, sharedFrom);
    this.#set(STATE.SHARED_LENGTH, sharedLength);
    this.#set(STATE.ROWS, columns.rows);
    this.#set(STATE.MESSAGE_END, columns.messageEnd);
    this.#set(STATE.VALUE_END, columns.valueEnd);
    this.#set(STATE.ENTRY_COUNT, columns.entryCount);
    this.#view.setBigInt64(this.#state + STATE.FIRST_NS, MAX_NS, true);
    this.#view.setBigInt64(this.#state + STATE.LAST_NS, MIN_NS, true);
    const at = this.#exports.run(from, limit, lane);
    if (at === from) return at;
    columns.rows = this.#get(STATE.ROWS);
    columns.messageEnd = this.#lookedMessages = this.#get(STATE.MESSAGE_END);
    columns.valueEnd = this.#lookedValues = this.#get(STATE.VALUE_END);
    columns.entryCount = this.#get(STATE.ENTRY_COUNT);
    this.#addToRange(STATE.FIRST_NS);
    this.#addToRange(STATE.LAST_NS);
    return at;
  }

  /** Where the messages, and the values, of this chunk may have something to mask; null: anywhere. */
  hits(): { readonly messages: Int32Array | null; readonly values: Int32Array | null } {
    this.#look();
    return { messages: this.#ended(this.#messageHits, STATE.MESSAGE_HITS), values: this.#ended(this.#valueHits, STATE.VALUE_HITS) };
  }

  /** Indexes for `count` ids, at `target`; the ids in the order of their indexes. */
  narrow(ids: number, count: number, target: number): Uint16Array {
    const { arena, indexTable, usedIds } = this.#columns;
    const size = this.#exports.narrow(ids, count, target, indexTable, usedIds);
    return new Uint16Array(arena.bytes.buffer, usedIds, size);
  }

  /** At what TypeScript has written meanwhile. */
  #look(): void {
    const { messageEnd, valueEnd } = this.#columns;
    if (!this.#masks) return;
    if (messageEnd > this.#lookedMessages) this.#exports.look(STATE.MESSAGE_HITS, this.#lookedMessages, messageEnd);
    if (valueEnd > this.#lookedValues) this.#exports.look(STATE.VALUE_HITS, this.#lookedValues, valueEnd);
    this.#lookedMessages = messageEnd;
    this.#lookedValues = valueEnd;
  }

  #ended(hits: Int32Array, count: number): Int32Array | null {
    const noted = this.#get(count);
    if (noted > MAX_HITS) return null;
    hits[noted] = NO_HIT;
    return hits;
  }

  #addToRange(field: number): void {
    const ns = this.#view.getBigInt64(this.#state + field, true);
    this.#columns.range.add(Number(ns / NS_PER_SECOND), Number(ns % NS_PER_SECOND));
  }

  #set(field: number, value: number): void {
    this.#view.setUint32(this.#state + field, value, true);
  }

  #get(field: number): number {
    return this.#view.getUint32(this.#state + field, true);
  }
}
