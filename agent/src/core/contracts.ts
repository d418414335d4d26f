/**
 * The agent's inner borders: what a source, the row pass, the buffer and a sink may ask of each
 * other. Siblings know these types and never each other's folders.
 */

import type { BatchAck, ExemplarRecord, HistogramPoint, LogRecord, MetricKind, RowRange, SpanRecord, Stream } from "@obs/wire";
import type { FieldSample } from "./field-census.ts";
import type { LineFormat } from "./line-format.ts";
import type { LineMarks } from "./line-marks.ts";

/** One file, pipe or connection. Parsers keep what they learned about its format on it. */
export interface LineStream {
  /** Key of its position in the buffer; unique and stable over restarts. "" = cannot be re-read. */
  readonly id: string;
  /** Resource of its rows, used where a line does not name its own. */
  readonly service: string;
  readonly host: string;
  readonly environment: string;
  /** How its lines are parsed; detected without it. One object for all streams of an option. */
  readonly format?: LineFormat | undefined;
  /** Set on every row, such as `log.file.path`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** What must be stored so that reading goes on at `offset` after a restart. */
  encodePosition(offset: number): Uint8Array;
  /**
   * The line that its offset stands in was cut, and the rest of it is to be skipped. The row pass sets
   * it; it is part of the position.
   */
  isSkipping?: boolean;
  /**
   * Asks the source to append again what `append` left: whole lines whose record may go on and whose
   * time is up now. Nothing is left, and nothing waits, for a stream without it.
   */
  readonly recall?: () => void;
}

/** Where line sources put what they read. One shard has one reader at a time. */
export interface LineShard {
  /**
   * The region to read into: fill it from index 0. Owned by the shard, so that the row pass copies
   * inside one arena. A source keeps no rest of a line: it reads again from its position.
   */
  readonly input: Buffer;
  /** Resolves when rows can be taken: back-pressure of encoder and disk buffer ends here. */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * Takes the complete lines in `input[0, length)`, whose first byte is at `offset` of the stream.
   * Returns the bytes consumed, 0 when there is no whole line yet. The lines of a record that may go
   * on are left, for a time that is up when the stream's `recall` is called. `final`: an unterminated last
   * line is a line too (end of a pipe, a file that was deleted or rotated away). A line that fills
   * the whole input is cut and counted, its rest is skipped. `length` 0 hands on the position alone,
   * to be stored with the next durable write: a file that is begun at its end.
   * `marks`: lines taken out of an envelope, with what it said of each; their offsets are the marks'.
   * Of streams with one id, the position of the one appended to last is stored.
   */
  append(stream: LineStream, offset: number, length: number, final?: boolean, marks?: LineMarks): Promise<number>;
  /** Seals what is there and resolves once it is durable. */
  flush(): Promise<void>;
}

/** One observation of one series, as metric sources give it. */
export interface Observation {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly help: string;
  readonly value: number;
  readonly exemplars?: readonly ObservedExemplar[] | undefined;
}

/** What `Observation.exemplars` has: the series is the observation's. */
export type ObservedExemplar = Omit<ExemplarRecord, "metric" | "series">;

/** One point of one histogram that is kept as it is. */
export interface ObservedHistogram extends Omit<Observation, "kind" | "value"> {
  readonly point: Omit<HistogramPoint, "metric" | "series" | "timestamp">;
}

/** What was observed at one time (ms since 1970). */
export interface Scrape {
  readonly timestampMs: number;
  readonly observations: readonly Observation[];
  readonly histograms?: readonly ObservedHistogram[];
}

export interface MetricShard {
  /** Resolves when observations can be taken, or when the signal aborts. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Takes what was observed, of several times too, in one write. Resolves when durable; does not wait for `ready`. */
  observe(scrapes: readonly Scrape[]): Promise<void>;
}

/** Where sources put spans. */
export interface SpanShard {
  /** Resolves when spans can be taken, or when the signal aborts. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Takes the spans at once; resolves when all of them are durable, in one atomic write. */
  append(spans: readonly SpanRecord[]): Promise<void>;
  /** Seals what is there and resolves once it is durable. */
  flush(): Promise<void>;
}

/** A sealed batch: encoded, compressed, ready for the buffer. */
export interface SealedBatch {
  readonly stream: Stream;
  /** `<agent>-<epoch>-<seq>` */
  readonly key: string;
  readonly rows: number;
  readonly rawBytes: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** One zstd frame of one Native block. */
  readonly body: Uint8Array;
  /** Positions that become true in the same atomic write. */
  readonly positions: ReadonlyMap<string, Uint8Array>;
  /** Whose it is, in a gateway; "" in an agent. */
  readonly tenant: string;
  /** Of logs: what some of its rows have, for the census. Neither stored nor sent. */
  readonly fields?: FieldSample | undefined;
}

/** What the sink sends: a sealed batch as found in the buffer. */
export interface BufferedBatch extends Omit<SealedBatch, "positions"> {
  /** Set: the body holds only these rows of the batch with this key. */
  readonly part?: RowRange | undefined;
  /** 1 = never tried by anyone; a batch found at start begins at 2. */
  attempt: number;
}

/** Outcome of one delivery, as a value: retry is never guessed from an exception. */
export type Delivery =
  | { readonly kind: "acknowledged"; readonly ack: BatchAck }
  /** `onlyThis`: the fault lies with this batch, others may go on. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs?: number; readonly onlyThis?: boolean }
  | { readonly kind: "permanent"; readonly reason: string }
  /** Nothing of the batch may be wrong but its size. `condemns`: said by the backend, not by something in between. */
  | { readonly kind: "too_large"; readonly reason: string; readonly condemns: boolean };

export interface Transport {
  deliver(batch: BufferedBatch, signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** A life cycle that every source has. `stop` without `start` is allowed, both are idempotent. */
export interface Source {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A record from a door that has parsed it already; unset fields get defaults. */
export type IncomingLog = Partial<LogRecord> & Pick<LogRecord, "message">;

/** Used where a record does not name its own. */
export interface RecordDefaults {
  readonly service?: string;
  readonly host?: string;
  readonly environment?: string;
  /** Set on every record of the call. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** ns since 1970; also the timestamp where a record has none. */
  readonly observed: bigint;
}

/** What a call brings beside its records. */
export interface Behind {
  /** By stream id. */
  readonly positions?: ReadonlyMap<string, Uint8Array>;
  readonly filtered?: number;
}

/** Where sources put records that they have parsed. Any number of callers may use one at a time. */
export interface RecordShard {
  /** Resolves when records can be taken: back-pressure of encoder and disk buffer ends here. */
  ready(signal?: AbortSignal): Promise<void>;
  /**
   * Takes the records at once; resolves when all of them are durable. They are in one atomic write:
   * whoever is not answered may repeat all of them. Does not wait for room: that is `ready`.
   * `behind`: positions that become true in the same write, and how many records the user's own code left out.
   */
  append(records: readonly IncomingLog[], defaults: RecordDefaults, behind?: Behind): Promise<void>;
  /** Seals what is there and resolves once it is durable. */
  flush(): Promise<void>;
}
