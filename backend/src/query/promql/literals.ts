/** Numbers, durations and strings as they stand in a query. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
const DURATION = /^(?:\d+(?:ms|[smhdwy]))+$/;
const DURATION_PART = /(\d+)(ms|[smhdwy])/g;

/** Milliseconds of `1h30m`; undefined when it is no duration. */
export const parseDuration = (text: string): number | undefined => {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(DURATION_PART)) total += Number(count) * UNIT_MS[unit!]!;
  return total;
};

/** A number, or a duration in seconds; NaN only for `nan`. undefined when it is neither. */
export const parseNumber = (text: string): number | undefined => {
  const sign = text.startsWith("-") ? -1 : 1;
  const plain = text.replace(/^[-+]\s*/, "").toLowerCase();
  if (plain === "inf") return sign * Number.POSITIVE_INFINITY;
  if (plain === "nan") return Number.NaN;
  const ms = parseDuration(plain);
  if (ms !== undefined) return (sign * ms) / 1_000;
  const digits = plain.replaceAll("_", "");
  // What begins with 0 and has digits only is octal.
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isNaN(value) || digits === "" ? undefined : sign * value;
};

const ESCAPES: Readonly<Record<string, string>> = { a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\", "'": "'", '"': '"' };
const ESCAPE = /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[\s\S]?)/g;

/** Contents of a quoted string, with Go's escapes. undefined when it does not end or has an unknown escape. */
export const unquote = (text: string): string | undefined => {
  const quote = text[0]!;
  if (text.length < 2 || text.at(-1) !== quote) return undefined;
  const inner = text.slice(1, -1);
  if (quote === "`") return inner;
  if (inner.includes("\n")) return undefined;
  let isValid = true;
  const bytes: number[] = [];
  let result = "";
  // \x and octal escapes are bytes, which together may be UTF-8.
  const flush = (): void => {
    if (bytes.length > 0) result += Buffer.from(bytes.splice(0)).toString("utf8");
  };
  let at = 0;
  for (const match of inner.matchAll(ESCAPE)) {
    if (match.index > at) flush();
    result += inner.slice(at, match.index);
    at = match.index + match[0].length;
    const escape = match[1]!;
    const simple = ESCAPES[escape];
    if (simple !== undefined) {
      flush();
      result += simple;
    } else if (escape.startsWith("x")) bytes.push(Number.parseInt(escape.slice(1), 16));
    else if (/^[0-7]{3}$/.test(escape) && Number.parseInt(escape, 8) < 256) bytes.push(Number.parseInt(escape, 8));
    else if (/^[uU]/.test(escape) && Number.parseInt(escape.slice(1), 16) <= 0x10ffff) {
      flush();
      result += String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    } else isValid = false;
  }
  flush();
  return isValid ? result + inner.slice(at) : undefined;
};
