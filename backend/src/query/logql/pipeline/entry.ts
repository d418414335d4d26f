/** A line with its labels on their way through the stages of a query. */

export const ERROR = "__error__";
export const ERROR_DETAILS = "__error_details__";

/** `stream`: what the entry was stored under. `metadata`: what was stored with it. `parsed`: what a stage took from it. */
export type Category = "stream" | "metadata" | "parsed";

export type LabelPair = readonly [name: string, value: string];

export interface EntrySource {
  readonly line: string;
  readonly timestampNs: bigint;
  /** How many entries this one stands for. */
  readonly weight: number;
  readonly stream: readonly LabelPair[];
  readonly metadata: readonly LabelPair[];
}

export class Entry {
  readonly timestampNs: bigint;
  readonly weight: number;
  line: string;
  readonly #values = new Map<string, string>();
  readonly #categories = new Map<string, Category>();
  readonly #stream: ReadonlySet<string>;
  #error = "";
  #details = "";

  constructor({ line, timestampNs, weight, stream, metadata }: EntrySource) {
    this.line = line;
    this.timestampNs = timestampNs;
    this.weight = weight;
    this.#stream = new Set(stream.map(([name]) => name));
    for (const [name, value] of metadata) this.set(name, value, "metadata");
    for (const [name, value] of stream) this.set(name, value, "stream");
  }

  get error(): string {
    return this.#error;
  }

  /** The first fault stays. */
  fail(error: string, details: string): void {
    if (this.#error !== "") return;
    this.#error = error;
    this.#details = details;
  }

  forgive(): void {
    this.#error = "";
    this.#details = "";
  }

  /** "" where there is no such label. */
  get(name: string): string {
    if (name === ERROR) return this.#error;
    if (name === ERROR_DETAILS) return this.#details;
    return this.#values.get(name) ?? "";
  }

  has(name: string): boolean {
    return name === ERROR ? this.#error !== "" : name === ERROR_DETAILS ? this.#details !== "" : this.#values.has(name);
  }

  categoryOf(name: string): Category | undefined {
    return this.#categories.get(name);
  }

  set(name: string, value: string, category: Category): void {
    this.#values.set(name, value);
    this.#categories.set(name, category);
  }

  /** What a parser found: a name that the stream has already, with `_extracted` behind it. */
  extract(name: string, value: string): void {
    this.set(this.#stream.has(name) ? `${name}_extracted` : name, value, "parsed");
  }

  delete(name: string): void {
    this.#values.delete(name);
    this.#categories.delete(name);
  }

  /** All labels, the fault's too. Empty ones are none. */
  *labels(...categories: readonly Category[]): Generator<LabelPair> {
    for (const [name, value] of this.#values) if (value !== "" && (categories.length === 0 || categories.includes(this.#categories.get(name)!))) yield [name, value];
    if (categories.length > 0 && !categories.includes("parsed")) return;
    if (this.#error !== "") yield [ERROR, this.#error];
    if (this.#details !== "") yield [ERROR_DETAILS, this.#details];
  }

  names(): string[] {
    return [...this.#values.keys()];
  }
}
