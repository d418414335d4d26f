/**
 * A page of metrics: Prometheus' text format 0.0.4 and OpenMetrics 1.0, with quoted UTF-8 names.
 * https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md and
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 *
 * A page is taken whole or not at all, as Prometheus does: half of one would look like series that
 * have gone.
 */

export type PageFormat = "text" | "openmetrics";

export interface PageVisitor {
  metadata(what: "TYPE" | "HELP" | "UNIT", family: string, text: string): void;
  /** `series`: name and labels as they stand on the page; `parseSeries` reads them. */
  sample(series: string, value: number, timestampMs: number | undefined): void;
  /** An exemplar of the sample before; `text` is how it stands on the page. */
  exemplar(exemplar: PageExemplar, text: string): void;
}

export interface PageExemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestampMs: number | undefined;
}

export class PageError extends Error {
  constructor(message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`);
    this.name = "PageError";
  }
}

/** Throws PageError. */
export const parsePage = (page: string, format: PageFormat, visitor: PageVisitor): void => {
  let number = 0;
  let ended = false;
  for (let from = 0; from < page.length; ) {
    const newline = page.indexOf("\n", from);
    const to = newline < 0 ? page.length : newline;
    number++;
    const line = page.slice(from, page.charCodeAt(to - 1) === CARRIAGE_RETURN && to > from ? to - 1 : to);
    from = to + 1;
    if (ended && line !== "") throw new PageError("there is more after # EOF", number);
    if (line.trim() === "") continue;
    if (/^[ \t]*#/.test(line)) ended = readComment(line, visitor) && format === "openmetrics";
    else readSample(line.trimStart(), format, visitor, number);
  }
  if (format === "openmetrics" && !ended) throw new PageError("# EOF is missing: the page is cut", number);
};

const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const BACKSLASH = 92;
const COMMENT = /^[ \t]*#[ \t]+(TYPE|HELP|UNIT)[ \t]+("(?:[^"\\]|\\.)*"|[^ \t"]+)(?:[ \t](.*))?$/;

/** True for the end of an OpenMetrics page. Other comments are for people. */
const readComment = (line: string, visitor: PageVisitor): boolean => {
  if (line === "# EOF") return true;
  const [, what, family, text = ""] = COMMENT.exec(line) ?? [];
  if (what) visitor.metadata(what as "TYPE", family!.startsWith('"') ? unescaped(family!.slice(1, -1)) : family!, what === "HELP" ? unescaped(text) : text.trim());
  return false;
};

const readSample = (line: string, format: PageFormat, visitor: PageVisitor, number: number): void => {
  const end = seriesEnd(line);
  if (end < 0) throw new PageError("the labels do not end", number);
  const hash = format === "openmetrics" ? line.indexOf(" # ", end) : -1;
  const [valueText, timeText, ...more] = (hash < 0 ? line.slice(end) : line.slice(end, hash)).trim().split(/[ \t]+/);
  const value = parseValue(valueText!);
  if (value === undefined || more.length > 0) throw new PageError(value === undefined ? "there is no number after the series" : "there is more after value and time", number);
  const timestampMs = timeText === undefined ? undefined : parseTime(timeText, format);
  if (timeText !== undefined && timestampMs === undefined) throw new PageError("the time is no number", number);
  visitor.sample(line.slice(0, end).trim(), value, timestampMs);
  if (hash < 0) return;
  const exemplar = line.slice(hash + 3).trim();
  visitor.exemplar(readExemplar(exemplar, number), exemplar);
};

const readExemplar = (text: string, number: number): PageExemplar => {
  const end = seriesEnd(text);
  const labels = text.startsWith("{") && end > 0 ? readLabels(text.slice(0, end)) : undefined;
  const [valueText, time, ...more] = text.slice(Math.max(end, 0)).trim().split(/[ \t]+/);
  const value = parseValue(valueText!);
  const timestampMs = time === undefined ? undefined : parseTime(time, "openmetrics");
  const isWhole = labels && labels.name === "" && value !== undefined && (time === undefined || timestampMs !== undefined) && more.length === 0;
  if (!isWhole) throw new PageError("the exemplar is malformed", number);
  return { labels: labels.labels, value, timestampMs };
};

/** Index after name and labels, or -1. */
const seriesEnd = (line: string): number => {
  const brace = line.indexOf("{");
  const blank = line.search(/[ \t]/);
  // Without labels, or with a brace that belongs to an exemplar.
  if (brace < 0 || (blank >= 0 && blank < brace && /\S/.test(line.slice(blank, brace)))) return blank;
  for (let at = brace + 1, quoted = false; at < line.length; at++) {
    const char = line.charCodeAt(at);
    if (quoted && char === BACKSLASH) at++;
    else if (char === QUOTE) quoted = !quoted;
    else if (!quoted && char === 125) return at + 1;
  }
  return -1;
};

export interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PAIR = /[ \t]*(?:([a-zA-Z_][a-zA-Z0-9_]*)|"((?:[^"\\]|\\.)*)")[ \t]*(?:=[ \t]*"((?:[^"\\]|\\.)*)")?[ \t]*(,|\})/y;

/** Undefined when it is no series. Labels without a value are as if they were not there. */
export const parseSeries = (text: string): Series | undefined => {
  const brace = text.indexOf("{");
  const head = brace < 0 ? text : text.slice(0, brace).trimEnd();
  if (head !== "" && !NAME.test(head)) return undefined;
  const { name, labels } = brace < 0 ? { name: "", labels: new Map<string, string>() } : (readLabels(text.slice(brace)) ?? {});
  if (name === undefined || (head === "") === (name === "")) return undefined;
  return { name: head || name, labels: labels! };
};

/** Of `{a="b","quoted name"="c"}`; a quoted text alone is the metric's name. */
const readLabels = (text: string): { name: string; labels: Map<string, string> } | undefined => {
  const labels = new Map<string, string>();
  let name = "";
  if (/^\{[ \t]*\}$/.test(text)) return { name, labels };
  for (PAIR.lastIndex = 1; ; ) {
    const pair = PAIR.exec(text);
    if (!pair) return undefined;
    const [, plain, quoted, value, after] = pair;
    if (value === undefined) {
      if (quoted === undefined || quoted === "" || name !== "") return undefined;
      name = unescaped(quoted);
    } else {
      const label = plain ?? unescaped(quoted!);
      if (label === "" || labels.has(label)) return undefined;
      labels.set(label, unescaped(value));
    }
    if (after === "}") break;
    // A comma may stand before the end.
    if (/^[ \t]*\}$/.test(text.slice(PAIR.lastIndex))) return withoutEmpty(name, labels);
  }
  return PAIR.lastIndex === text.length ? withoutEmpty(name, labels) : undefined;
};

const withoutEmpty = (name: string, labels: Map<string, string>) => {
  for (const [label, value] of labels) if (value === "") labels.delete(label);
  return { name, labels };
};

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", "\\": "\\", '"': '"' };

const unescaped = (text: string): string => (text.includes("\\") ? text.replace(/\\(.)/gs, (whole, char: string) => ESCAPES[char] ?? whole) : text);

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

const parseValue = (text: string): number | undefined => {
  if (NUMBER.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const [whole, sign] = INFINITE.exec(text) ?? [];
  return whole === undefined ? undefined : sign === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
};

/** ms since 1970: the text format has them so, OpenMetrics has seconds. */
const parseTime = (text: string, format: PageFormat): number | undefined => {
  if (format === "text") return /^-?\d+$/.test(text) ? Number(text) : undefined;
  return NUMBER.test(text) ? Math.round(Number(text) * 1_000) : undefined;
};
