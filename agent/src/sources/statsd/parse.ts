/**
 * One line of a datagram: `<name>:<value>[:<value>...]|<type>[|@<rate>][|#<tag>,...]`, as etsy's StatsD
 * (docs/metric_types.md) and DogStatsD (datagram format 1.0 to 1.3) have it.
 */

export type StatsdType = "counter" | "gauge" | "timer" | "set";

export interface StatsdLine {
  readonly name: string;
  readonly type: StatsdType;
  /** Values of all types but sets. */
  readonly values: readonly number[];
  /** The member of a set; "" of other types. */
  readonly member: string;
  /** A gauge with a sign is moved by its value, not set to it. */
  readonly isDelta: boolean;
  /** Share of the events that was sent, above 0 and at most 1. */
  readonly rate: number;
  /** `name:value,name,...` as sent. */
  readonly tags: string;
  /** The client gave a time of its own. */
  readonly hasTime: boolean;
}

/** What DogStatsD sends beside metrics. */
export type OtherLine = "event" | "service_check";

const TYPES: Readonly<Record<string, StatsdType>> = { c: "counter", g: "gauge", ms: "timer", h: "timer", d: "timer", s: "set" };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Undefined when it is no line of this protocol. */
export const parseStatsdLine = (line: string): StatsdLine | OtherLine | undefined => {
  if (line.startsWith("_e{")) return "event";
  if (line.startsWith("_sc|")) return "service_check";
  const [head = "", typeName = "", ...sections] = line.split("|");
  const colon = head.indexOf(":");
  const type = Object.hasOwn(TYPES, typeName) ? TYPES[typeName] : undefined;
  if (colon <= 0 || type === undefined) return undefined;
  const name = head.slice(0, colon);
  const text = head.slice(colon + 1);
  const values = type === "set" ? [] : numbers(text);
  if (!values || text === "") return undefined;
  let rate = 1;
  let tags = "";
  let hasTime = false;
  for (const section of sections) {
    if (section.startsWith("@")) rate = NUMBER.test(section.slice(1)) ? Number(section.slice(1)) : Number.NaN;
    else if (section.startsWith("#")) tags = section.slice(1);
    else if (/^T\d+$/.test(section)) hasTime = true;
    // Others, such as `c:<container>`, are extensions that a receiver may not know.
  }
  if (!(rate > 0 && rate <= 1)) return undefined;
  return { name, type, values, member: type === "set" ? text : "", isDelta: type === "gauge" && /^[+-]/.test(text), rate, tags, hasTime };
};

const numbers = (text: string): number[] | undefined => {
  const values: number[] = [];
  for (const part of text.split(":")) {
    const value = Number(part);
    if (!NUMBER.test(part) || !Number.isFinite(value)) return undefined;
    values.push(value);
  }
  return values;
};

/** Labels of tags as sent, sorted by name; a tag without a value is `true`, of two with one name the last counts. */
export const parseTags = (tags: string): Record<string, string> => {
  const labels = new Map<string, string>();
  for (const tag of tags.split(",")) {
    const colon = tag.indexOf(":");
    const name = colon < 0 ? tag : tag.slice(0, colon);
    if (name !== "") labels.set(name, colon < 0 ? "true" : tag.slice(colon + 1));
  }
  return Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
};
