/**
 * Stands between the file follower and a shard: takes the lines of containers' log files out of their
 * envelopes, joins their pieces, gives each the time and stream (stdout, stderr) of its envelope and
 * what is known of its container, and hands them on.
 *
 * Invariants
 * - What `append` returns is a clean place: every line before it was handed on whole, none behind it.
 * - Every line carries the offset behind it (positions.ts), so that a batch may end anywhere.
 * - The lines behind one clean place are handed on in the order in which they end, at every reading.
 */

import { steadyMs, type Clock } from "../../core/clock.ts";
import type { LineShard, LineStream } from "../../core/contracts.ts";
import { LineRuns } from "../../core/line-runs.ts";
import type { ContainerBook, ContainerCounters, Description } from "./contracts.ts";
import { unescapeInto } from "./docker-json.ts";
import { Entries, FLAG } from "./entries.ts";
import { NO_SIDE, STDERR, STDOUT, type Side } from "./entry.ts";
import { encodePlace, offsetWithin, placeOf, type Place } from "./positions.ts";

const INPUT_BYTES = 1024 * 1024;
const NEWLINE = 10;
const SIDE_NAMES: Readonly<Record<Side, string | undefined>> = { [STDOUT]: "stdout", [STDERR]: "stderr", [NO_SIDE]: undefined };

export interface ContainerShardOptions {
  readonly shard: LineShard;
  readonly book: ContainerBook;
  readonly counters: ContainerCounters;
  readonly clock: Clock;
  /** Before the ids of the follower's streams; followerPositions takes it away again. */
  readonly idPrefix: string;
  /** Places between two clean ones at which batches had ended, by the follower's id. */
  readonly places: Map<string, Place>;
  /** How long the end of a line may take to come. */
  readonly partialWaitMs: number;
}

/** One follower's stream: its sides with what is known of the container, and what waits for its end. */
interface Unwrapped {
  description: Description;
  sides: readonly LineStream[];
  /** Lines behind the next clean place that are in batches already. */
  skip: number;
  /** The line at `waitOffset` was not whole at `waitsSinceMs` (steady). */
  waitOffset: number;
  waitsSinceMs: number;
  /** The rest of a line that filled the whole input is left out. */
  skipsRest: boolean;
}

export class ContainerShard implements LineShard {
  readonly input: Buffer;
  readonly #options: ContainerShardOptions;
  readonly #entries = new Entries();
  readonly #runs: LineRuns;
  readonly #unwrapped = new WeakMap<LineStream, Unwrapped>();
  /** Entries of lines that are under way, by side. */
  readonly #pieces: readonly [number[], number[], number[]] = [[], [], []];

  constructor(options: ContainerShardOptions) {
    this.#options = options;
    this.#runs = new LineRuns(options.shard);
    // Unwrapped lines are never longer than their envelopes, but for one newline at the end.
    this.input = Buffer.alloc(Math.min(INPUT_BYTES, options.shard.input.length - 64));
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#options.shard.ready(signal);
  }

  flush(): Promise<void> {
    return this.#options.shard.flush();
  }

  async append(stream: LineStream, offset: number, length: number, final = false): Promise<number> {
    const unwrapped = this.#unwrap(stream, offset);
    if (length === 0) return this.#options.shard.append(unwrapped.sides[NO_SIDE]!, offset, 0);
    const skipped = this.#skipRest(unwrapped, length);
    if (skipped > 0) return this.#moveOn(unwrapped, offset, skipped);
    const fills = length === this.input.length;
    const lastNewline = this.input.lastIndexOf(NEWLINE, length - 1);
    const takeRest = final || (fills && lastNewline < 0);
    if (unwrapped.description.excluded) return this.#exclude(unwrapped, offset, takeRest ? length : lastNewline + 1);
    const entries = this.#entries;
    entries.read(this.input, length, takeRest);
    const isStuck = entries.clean === 0 && entries.count > 0 && (fills || this.#hasWaited(unwrapped, offset));
    if (isStuck || (final && entries.ends[entries.count - 1] === length)) entries.breakOff();
    if (entries.clean === 0) return 0;
    unwrapped.skipsRest = fills && lastNewline < 0 && !final;
    this.#options.counters.add("envelopes_malformed", entries.malformed);
    return this.#handOn(unwrapped, offset, final);
  }

  /** Everything up to the last clean place; what the shard did not take is read again. */
  async #handOn(unwrapped: Unwrapped, offset: number, final: boolean): Promise<number> {
    const { clean, ends, sides, flags } = this.#entries;
    const end = ends[clean - 1]!;
    const skip = unwrapped.skip;
    unwrapped.skip = 0;
    for (const pieces of this.#pieces) pieces.length = 0;
    let pending = 0;
    let cleanEnd = 0;
    let behindClean = 0;
    let handedOn = 0;
    /** Behind the line before. */
    let from = offset;
    const endLine = async (side: Side, index: number): Promise<boolean> => {
      pending &= ~(1 << side);
      const to = pending === 0 ? offset + ends[index]! : offsetWithin(offset + cleanEnd, ++behindClean);
      const taken = ++handedOn <= skip || (await this.#line(unwrapped.sides[side]!, side, from, to));
      from = to;
      this.#pieces[side].length = 0;
      return taken;
    };
    for (let index = 0; index < clean; index++) {
      const side = sides[index] as Side;
      const flag = flags[index]!;
      this.#pieces[side].push(index);
      if (flag & FLAG.PARTIAL) pending |= 1 << side;
      else if (!(await endLine(side, index))) return this.#stopped(unwrapped, offset);
      for (let other: number = STDOUT; flag & FLAG.BREAK && other <= STDERR; other++) {
        if ((pending & (1 << other)) === 0) continue;
        this.#options.counters.add("partials_split");
        if (!(await endLine(other as Side, index))) return this.#stopped(unwrapped, offset);
      }
      if (pending > 0) continue;
      cleanEnd = ends[index]!;
      behindClean = 0;
    }
    if (!(await this.#runs.flush(final))) return this.#stopped(unwrapped, offset);
    if (handedOn <= skip) return this.#moveOn(unwrapped, offset, end);
    return end;
  }

  /** One line of the shard's input, put together from its pieces. */
  async #line(stream: LineStream, side: Side, from: number, to: number): Promise<boolean> {
    const pieces = this.#pieces[side];
    let bytes = 0;
    for (const index of pieces) bytes += this.#sizeOf(index);
    if (!this.#runs.fits(stream, bytes) && !(await this.#runs.flushBefore(stream))) return false;
    let at = this.#runs.open(stream, from);
    for (const index of pieces) at = this.#write(index, at);
    const { seconds, nanoseconds } = this.#entries;
    this.#runs.close(at, to, seconds[pieces[0]!]!, nanoseconds[pieces[0]!]!);
    if (pieces.length > 1) this.#options.counters.add("partials_joined", pieces.length);
    return true;
  }

  #sizeOf(index: number): number {
    const text = this.#entries.texts.get(index);
    return text === undefined ? this.#entries.tos[index]! - this.#entries.froms[index]! : Buffer.byteLength(text);
  }

  #write(index: number, at: number): number {
    const { froms, tos, flags, texts } = this.#entries;
    const { input } = this.#runs;
    if (texts.size > 0) {
      const text = texts.get(index);
      if (text !== undefined) return at + input.write(text, at);
    }
    const from = froms[index]!;
    const to = tos[index]!;
    if (flags[index]! & FLAG.ESCAPED) return unescapeInto(this.input, from, to, input, at);
    return at + this.input.copy(input, at, from, to);
  }

  /** The shard kept a line back: reading goes on at the clean place before it. */
  #stopped(unwrapped: Unwrapped, offset: number): number {
    const { clean, lines } = placeOf(this.#runs.takenOffset);
    unwrapped.skip = lines;
    return clean - offset;
  }

  async #exclude(unwrapped: Unwrapped, offset: number, end: number): Promise<number> {
    if (end === 0) return 0;
    this.#options.counters.add("bytes_excluded", end);
    return this.#moveOn(unwrapped, offset, end);
  }

  /** Nothing of this is handed on, and never will be. */
  async #moveOn(unwrapped: Unwrapped, offset: number, end: number): Promise<number> {
    await this.#options.shard.append(unwrapped.sides[NO_SIDE]!, offset + end, 0);
    return end;
  }

  #skipRest(unwrapped: Unwrapped, length: number): number {
    if (!unwrapped.skipsRest) return 0;
    const newline = this.input.indexOf(NEWLINE);
    if (newline < 0 || newline >= length) return length;
    unwrapped.skipsRest = false;
    return newline + 1;
  }

  #hasWaited(unwrapped: Unwrapped, offset: number): boolean {
    const nowMs = steadyMs(this.#options.clock);
    if (unwrapped.waitOffset !== offset) {
      unwrapped.waitOffset = offset;
      unwrapped.waitsSinceMs = nowMs;
    }
    return nowMs - unwrapped.waitsSinceMs >= this.#options.partialWaitMs;
  }

  #unwrap(stream: LineStream, offset: number): Unwrapped {
    const { book, idPrefix, places } = this.#options;
    const description = book.describe(stream.attributes["log.file.path"] ?? stream.id);
    const known = this.#unwrapped.get(stream);
    if (known) {
      if (known.description !== description) known.sides = sidesOf(stream, (known.description = description), idPrefix);
      return known;
    }
    const place = places.get(stream.id);
    // Another offset: the file has other content by now.
    const skip = place?.clean === offset ? place.lines : 0;
    const unwrapped: Unwrapped = { description, sides: sidesOf(stream, description, idPrefix), skip, waitOffset: -1, waitsSinceMs: 0, skipsRest: false };
    places.delete(stream.id);
    this.#unwrapped.set(stream, unwrapped);
    return unwrapped;
  }
}

/** Streams of stdout, stderr and of lines that are no envelope, in this order. */
const sidesOf = (stream: LineStream, { service, attributes }: Description, idPrefix: string): LineStream[] =>
  ([STDOUT, STDERR, NO_SIDE] as const).map((side) => {
    const name = SIDE_NAMES[side];
    return {
      id: idPrefix + stream.id,
      service,
      host: stream.host,
      environment: stream.environment,
      attributes: { ...stream.attributes, ...(name !== undefined && { "log.iostream": name }), ...attributes },
      encodePosition: (offset) => encodePlace(stream, offset),
      ...(stream.recall && { recall: stream.recall }),
    };
  });
