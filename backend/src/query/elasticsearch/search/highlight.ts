/** `highlight`: what a query found in a row's fields, between tags. */

import { RE2JS } from "re2js";
import { illegalArgument } from "../../../core/elasticsearch.ts";
import { resolveField } from "../../fields.ts";
import type { Field, LogFilter, Pattern } from "../../filter.ts";
import { endsInWord, lowerAscii, startsInWord } from "../../words.ts";
import { bareName } from "../dsl/context.ts";
import { asArray, asInteger, asList, asObject, asText, refuseUnknown, type JsonObject } from "../json.ts";
import { matchesPattern } from "../name-patterns.ts";
import { sourceNames, type Source } from "./document.ts";

type Span = readonly [start: number, end: number];

/** Finds what one condition found in a text. */
type Find = (text: string) => Span[];

interface Mark {
  /** Members of `_source` that the condition is about. */
  readonly names: readonly string[];
  readonly find: Find;
}

interface FieldOptions {
  readonly pattern: string;
  readonly before: string;
  readonly after: string;
  /** 0: the whole text is one. */
  readonly fragments: number;
  readonly size: number;
}

export interface Highlight {
  readonly fields: readonly FieldOptions[];
  readonly marks: readonly Mark[];
}

const MAX_FIELDS = 100;
/** Of a text; what lies behind the last one is not marked. */
const MAX_SPANS = 1_000;
const IGNORED = ["type", "order", "require_field_match", "boundary_chars", "boundary_max_scan", "boundary_scanner", "boundary_scanner_locale", "encoder", "fragmenter", "fragment_offset", "force_source", "highlight_query", "matched_fields", "max_analyzed_offset", "no_match_size", "phrase_limit", "tags_schema", "options"];
const OPTIONS = ["pre_tags", "post_tags", "fragment_size", "number_of_fragments", ...IGNORED];

/** Throws ElasticsearchError. undefined: nothing is asked for. */
export const parseHighlight = (value: unknown, filter: LogFilter): Highlight | undefined => {
  if (value === undefined || value === null) return undefined;
  const all = asObject(value, "[highlight]");
  refuseUnknown(all, "[highlight]", ["fields", ...OPTIONS]);
  const named = Array.isArray(all["fields"]) ? asArray(all["fields"], "[highlight] fields").flatMap((field) => Object.entries(asObject(field, "[highlight] field"))) : Object.entries(asObject(all["fields"] ?? {}, "[highlight] fields"));
  if (named.length > MAX_FIELDS) throw illegalArgument(`[highlight] has ${named.length} fields; ${MAX_FIELDS} are the most`);
  return { fields: named.map(([name, options]) => fieldOptions(name, { ...all, ...asObject(options, "[highlight] field") })), marks: marksOf(filter) };
};

const tagOf = (given: unknown, fallback: string): string => (given === undefined ? fallback : asText(asList(given)[0] ?? fallback, "[highlight] tags"));

const fieldOptions = (name: string, options: JsonObject): FieldOptions => {
  return {
    pattern: bareName(name),
    before: tagOf(options["pre_tags"], "<em>"),
    after: tagOf(options["post_tags"], "</em>"),
    fragments: asInteger(options["number_of_fragments"] ?? 5, "[highlight] number_of_fragments", 0, 1_000),
    size: asInteger(options["fragment_size"] ?? 100, "[highlight] fragment_size", 0, 2 ** 31 - 1),
  };
};

const namesOf = (field: Field): readonly string[] => sourceNames(field);

/** Conditions that a row may meet; what must not be there marks nothing. */
const marksOf = (filter: LogFilter): Mark[] => {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.items.flatMap(marksOf);
    case "phrase":
      return [{ names: ["message"], find: findText(lowerAscii(filter.text), true) }];
    case "message-pattern":
      return [{ names: ["message"], find: findPattern(filter.pattern) }];
    case "contains":
      return [{ names: namesOf(filter.field), find: filter.ignoreCase ? findText(lowerAscii(filter.text), false) : findExact(filter.text) }];
    case "regex":
      return [{ names: namesOf(filter.field), find: findRegex(filter.regex, filter.whole) }];
    case "equals":
      return [{ names: namesOf(filter.field), find: (text) => (text === filter.value ? [[0, text.length]] : []) }];
    case "pattern":
      return [{ names: namesOf(filter.field), find: (text) => [[0, text.length]] }];
    default:
      return [];
  }
};

/** Whether what stands there is a word of its own, as far as it begins and ends with a word's characters. */
const isBounded = (text: string, [start, end]: Span): boolean => {
  const [before, after] = [text.slice(0, start), text.slice(end)];
  const found = text.slice(start, end);
  return !(startsInWord(found) && before !== "" && endsInWord(before.slice(-1))) && !(endsInWord(found) && after !== "" && startsInWord(after.slice(0, 2)));
};

const occurrences = (text: string, wanted: string): Span[] => {
  const spans: Span[] = [];
  if (wanted === "") return spans;
  for (let at = text.indexOf(wanted); at >= 0 && spans.length < MAX_SPANS; at = text.indexOf(wanted, at + wanted.length)) spans.push([at, at + wanted.length]);
  return spans;
};

const findExact = (wanted: string): Find => (text) => occurrences(text, wanted);

/** A-Z like a-z. */
const findText = (wanted: string, bounded: boolean): Find => (text) => occurrences(lowerAscii(text), wanted).filter((span) => !bounded || isBounded(text, span));

const findAll = (compiled: RE2JS, text: string): Span[] => {
  const spans: Span[] = [];
  const matcher = compiled.matcher(text);
  while (spans.length < MAX_SPANS && matcher.find()) if (matcher.end() > matcher.start()) spans.push([matcher.start(), matcher.end()]);
  return spans;
};

const findPattern = (pattern: Pattern): Find => {
  const compiled = RE2JS.compile(pattern.map((part) => (part === "any" ? "\\S*" : part === "one" ? "\\S" : RE2JS.quote(lowerAscii(part.literal)))).join(""));
  return (text) => findAll(compiled, lowerAscii(text)).filter((span) => isBounded(text, span));
};

const findRegex = (regex: string, whole: boolean): Find => {
  const compiled = RE2JS.compile(whole ? `\\A(?:${regex})\\z` : regex);
  return (text) => findAll(compiled, text);
};

/** Characters that an answer's conditions may look at; a regular expression takes up to 200 ns for each. What is more is not marked. */
export const HIGHLIGHT_CHARACTERS = 1024 * 1024;

/** `{"message": ["a <em>timeout</em>"]}`; undefined when there is nothing to show. */
export const highlightOf = (source: Source, { fields, marks }: Highlight, budget: { characters: number }): Record<string, string[]> | undefined => {
  const shown = Object.create(null) as Record<string, string[]>;
  for (const options of fields)
    for (const name of Object.keys(source)) {
      const isMeant = matchesPattern(options.pattern, name) || (!options.pattern.includes("*") && sourceNames(resolveField(options.pattern)).includes(name));
      const text = source[name];
      if (!isMeant || typeof text !== "string") continue;
      const looking = marks.filter(({ names }) => names.includes(name));
      const cost = text.length * looking.length;
      if (budget.characters < cost) continue;
      budget.characters -= cost;
      const spans = merged(looking.flatMap(({ find }) => find(text)));
      if (spans.length > 0) shown[options.pattern.includes("*") ? name : options.pattern] = fragmentsOf(text, spans, options);
    }
  return Object.keys(shown).length === 0 ? undefined : shown;
};

/** In order, those that touch as one. */
const merged = (spans: readonly Span[]): Span[] => {
  const apart: [number, number][] = [];
  for (const [start, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = apart.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else apart.push([start, end]);
  }
  return apart;
};

const fragmentsOf = (text: string, spans: readonly Span[], { fragments, size, before, after }: FieldOptions): string[] => {
  if (fragments === 0 || size === 0 || text.length <= size) return [tagged(text, [0, text.length], spans, before, after)];
  const found: string[] = [];
  for (let from = 0; from < spans.length && found.length < fragments; ) {
    const [start] = spans[from]!;
    const window = windowAround(text, start, size);
    const inside = spans.slice(from).filter(([, end], i) => i === 0 || end <= window[1]);
    found.push(tagged(text, [window[0], Math.max(window[1], inside.at(-1)![1])], inside, before, after));
    from += inside.length;
  }
  return found;
};

/** A stretch of this length with the place a little behind its begin, cut between words where there is space. */
const windowAround = (text: string, at: number, size: number): Span => {
  const rough = Math.max(0, at - Math.floor(size / 4));
  const space = rough === 0 ? -1 : text.indexOf(" ", rough);
  const start = rough === 0 ? 0 : space >= 0 && space < at ? space + 1 : rough;
  const end = Math.min(text.length, start + size);
  const lastSpace = end === text.length ? -1 : text.lastIndexOf(" ", end);
  return [start, lastSpace > at ? lastSpace : end];
};

const tagged = (text: string, [from, to]: Span, spans: readonly Span[], before: string, after: string): string => {
  let written = "";
  let at = from;
  for (const [start, end] of spans) {
    written += text.slice(at, start) + before + text.slice(start, end) + after;
    at = end;
  }
  return written + text.slice(at, to);
};

