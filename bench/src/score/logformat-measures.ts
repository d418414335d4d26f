/** The measures of the log-format corpus, equal to those of its own scorer (logformat_score.py). */

export interface Expected {
  /** ISO 8601; a year `YYYY` is not compared. */
  readonly timestamp?: string;
  readonly severity?: string;
  readonly message?: string;
  readonly fields?: unknown;
}

export interface Prediction {
  readonly id: string;
  readonly timestamp?: string;
  /** trace, debug, info, warn, error, fatal, or "". */
  readonly severity: string;
  readonly message: string;
  readonly resource: Readonly<Record<string, string>>;
  /** Texts of time and level as in the line: a record has them, a row does not. */
  readonly originals: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  /** Arrays and booleans among these, as values. */
  readonly decoded: readonly unknown[];
}

const TOLERANCE_MS = 1.1;
const QUARTER_HOUR_MS = 900_000;
const LARGEST_ZONE_MS = 14 * 3_600_000;
const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

/** ms since 1970 in UTC, which a time without a zone is taken as; NaN when it is none. */
const momentOf = (text: string, year?: string): number => {
  const parts = ISO.exec(text.trim());
  if (!parts) return Number.NaN;
  const [, ownYear, month, day, hours, minutes, seconds = "00", fraction = "", zone = "Z"] = parts;
  const utc = Date.UTC(Number(year ?? ownYear), Number(month) - 1, Number(day), Number(hours), Number(minutes), Number(seconds)) + Number(`0.${fraction.slice(0, 6) || "0"}`) * 1000;
  const offset = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  return offset ? utc - (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000 : utc;
};

/** A whole quarter of an hour off is another idea of the zone. */
export const timestampOutcome = (expected: string, predicted: string | undefined): "right" | "zone" | "wrong" => {
  const withoutYear = expected.startsWith("YYYY");
  const wanted = momentOf(withoutYear ? `2024${expected.slice(4)}` : expected);
  const given = predicted === undefined ? Number.NaN : momentOf(predicted, withoutYear ? "2024" : undefined);
  const difference = Math.abs(wanted - given);
  if (difference < TOLERANCE_MS) return "right";
  return difference % QUARTER_HOUR_MS < TOLERANCE_MS && difference <= LARGEST_ZONE_MS ? "zone" : "wrong";
};

const scalars = (value: unknown, found: unknown[]): unknown[] => {
  if (Array.isArray(value)) for (const item of value) scalars(item, found);
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) scalars(item, found);
  else if (value !== null && value !== undefined) found.push(value);
  return found;
};

const NUMBER = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;

/** Numbers are equal as numbers, texts after blanks, quotes and brackets around them are taken off. */
const keyOf = (value: unknown): string => {
  if (typeof value === "boolean") return `b${value}`;
  const text = String(value).trim().replace(/^["'[\]]+|["'[\]]+$/g, "");
  const bare = text.trim();
  return NUMBER.test(bare) ? `n${Number(bare.replaceAll("_", ""))}` : `s${text}`;
};

/** Whether a value is the text of the time or the level, or a part of the time's: its date, clock, day, year or zone. */
const isTimeOrLevel = (value: unknown, { timestamp = "", severity = "" }: Readonly<Record<string, string>>): boolean => {
  const text = String(value).trim();
  if (text === "" || text.toLowerCase() === severity.toLowerCase()) return text !== "";
  const at = timestamp.indexOf(text);
  return at >= 0 && !/\w/.test(timestamp[at - 1] ?? " ") && !/\w/.test(timestamp[at + text.length] ?? " ");
};

/**
 * Share of the expected values that are among the predicted ones, whatever their names; undefined
 * without any. Those that `besides` has, as texts of time and level, do not count.
 */
export const valuesFound = (expected: Expected, prediction: unknown, besides: Readonly<Record<string, string>> = {}): number | undefined => {
  const wanted = scalars(expected.fields, []).filter((value) => !isTimeOrLevel(value, besides));
  if (wanted.length === 0) return undefined;
  const given = new Set(scalars(prediction, []).map(keyOf));
  return wanted.filter((value) => given.has(keyOf(value))).length / wanted.length;
};

export class Score {
  readonly #sums = new Map<string, { sum: number; cases: number }>();

  add(measure: string, value: number): void {
    const held = this.#sums.get(measure) ?? { sum: 0, cases: 0 };
    this.#sums.set(measure, { sum: held.sum + value, cases: held.cases + 1 });
  }

  /** Records of a multiline case: all of them, and F1 over the single ones. */
  addRecords(given: readonly string[], wanted: readonly string[]): void {
    const got = given.map((record) => record.trimEnd());
    const expected = wanted.map((record) => record.trimEnd());
    const rest = [...got];
    let hits = 0;
    for (const record of expected) {
      const at = rest.indexOf(record);
      if (at < 0) continue;
      rest.splice(at, 1);
      hits++;
    }
    this.add("multilineExact", Number(got.length === expected.length && got.every((record, index) => record === expected[index])));
    this.add("multilineF1", got.length + expected.length === 0 ? 1 : (2 * hits) / (got.length + expected.length));
  }

  /** Means over the cases that have the measure, to four places; null without any. */
  shares(measures: readonly string[]): Record<string, number | null> {
    return Object.fromEntries(
      measures.map((measure) => {
        const held = this.#sums.get(measure);
        return [measure, held ? Number((held.sum / held.cases).toFixed(4)) : null];
      }),
    );
  }
}
