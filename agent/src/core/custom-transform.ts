/** A user's own transforms: modules whose default export makes a function over records. */

import type { LogRecord, TransformFactory, TransformFunction } from "../plugin.ts";
import { loadTrustedModule } from "./trusted-module.ts";

const MAX_SEVERITY = 24;
/** The year 2262, where 64 bits of nanoseconds end. */
const MAX_TIME_MS = 9_223_372_036_854;

const isTime = (ms: unknown): boolean => typeof ms === "number" && ms >= 0 && ms <= MAX_TIME_MS;

/** What was no time before a transform is not its failure. */
const isRecord = (value: unknown, given: LogRecord): value is LogRecord => {
  const record = value as Partial<LogRecord> | null;
  return (
    typeof record === "object" && record !== null && (record.timestamp === undefined || record.timestamp === given.timestamp || isTime(record.timestamp)) &&
    Number.isInteger(record.severity) && record.severity! >= 0 && record.severity! <= MAX_SEVERITY &&
    [record.message, record.service, record.host, record.environment, record.traceId, record.spanId].every((text) => typeof text === "string") &&
    typeof record.attributes === "object" && record.attributes !== null && Object.values(record.attributes).every((text) => typeof text === "string")
  );
};

export class CustomTransform {
  /** As the configuration names it. */
  readonly module: string;
  /** Changes when its file does. */
  readonly version: string;
  readonly #transform: TransformFunction;
  #failures = 0;
  #onFailure: (error: unknown) => void = () => {};

  constructor(module: string, version: string, transform: TransformFunction) {
    this.module = module;
    this.version = version;
    this.#transform = transform;
  }

  /** How many records it has thrown at. */
  get failures(): number {
    return this.#failures;
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener;
  }

  /** The record that goes on: the given one where the transform has failed; undefined: it is dropped. */
  apply(record: LogRecord): LogRecord | undefined {
    try {
      const result: unknown = this.#transform({ ...record, attributes: { ...record.attributes } });
      if (result === undefined || result === null) return undefined;
      if (!isRecord(result, record)) throw new TypeError("the transform must give back a record (its time from 1970 to 2262, its severity from 0 to 24), or nothing to drop it");
      return result;
    } catch (error) {
      this.#failures++;
      this.#onFailure(error);
      return record;
    }
  }
}

/** A time that a transform gave, as a row holds it. */
export const secondsOfMs = (ms: number): { readonly seconds: number; readonly nanoseconds: number } => {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanoseconds: Math.min(999_999_999, Math.round((ms - seconds * 1_000) * 1e6)) };
};

/** One after the other; undefined: one of them has dropped it. */
export const applyTransforms = (transforms: readonly CustomTransform[], record: LogRecord): LogRecord | undefined => {
  let current: LogRecord | undefined = record;
  for (const transform of transforms) if (current) current = transform.apply(current);
  return current;
};

/** Throws Error that says what is wrong with the module, and what to do. */
export const loadCustomTransform = async (module: string, options: unknown): Promise<CustomTransform> => {
  const { exported, version } = await loadTrustedModule(module);
  if (typeof exported !== "function") throw new Error("its default export must be a function that takes the options and gives back a transform");
  const transform = (exported as TransformFactory)(options);
  if (typeof transform !== "function") throw new Error("its default export gave back no function that takes a record");
  return new CustomTransform(module, version, transform);
};
