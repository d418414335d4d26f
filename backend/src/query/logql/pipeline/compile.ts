/** Stages of a query -> what they do to an entry: one function in their order. */

import { RE2JS } from "re2js";
import { capture, parsePattern } from "../pattern.ts";
import type { LabelFormat, Matcher, Stage } from "../syntax.ts";
import { execute } from "../template/execute.ts";
import { parseTemplate } from "../template/parse.ts";
import { ERROR, ERROR_DETAILS, type Entry } from "./entry.ts";
import { compileJson, unpack } from "./json.ts";
import { compileLabelFilter, type EntryTest } from "./label-filter.ts";
import { compileLineFilter } from "./line-filter.ts";
import { compileLogfmt } from "./logfmt.ts";
import { matcherTest } from "./matcher-test.ts";

export const TEMPLATE_ERROR = "TemplateFormatErr";

/** Sequences that colour a terminal. Source: ECMA-48, control sequences. */
const COLOURS = /[\u001b\u009b][[()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-ORZcf-nqry=><]/g;

/** false: the entry is left out. */
export const compileStages = (stages: readonly Stage[]): EntryTest => {
  const tests = stages.map(compileStage);
  return (entry) => tests.every((test) => test(entry));
};

const always =
  (change: (entry: Entry) => void): EntryTest =>
  (entry) => {
    change(entry);
    return true;
  };

const compileStage = (stage: Stage): EntryTest => {
  switch (stage.kind) {
    case "line": {
      const test = compileLineFilter(stage);
      return (entry) => test(entry.line);
    }
    case "label":
      return compileLabelFilter(stage.filter);
    case "json":
      return always(compileJson(stage.extractions));
    case "logfmt":
      return always(compileLogfmt(stage));
    case "pattern": {
      const nodes = parsePattern(stage.pattern);
      return always((entry) => {
        for (const [name, value] of capture(nodes, entry.line) ?? []) entry.extract(name, value);
      });
    }
    case "regexp":
      return always(compileRegexp(stage.pattern));
    case "unpack":
      return always(unpack);
    case "decolorize":
      return always((entry) => {
        entry.line = entry.line.replaceAll(COLOURS, "");
      });
    case "line_format":
      return always(compileLineFormat(stage.template));
    case "label_format":
      return always(compileLabelFormats(stage.formats));
    case "drop":
      return always(compileDrop(stage.labels));
    case "keep":
      return always(compileKeep(stage.labels));
  }
};

const compileRegexp = (pattern: string): ((entry: Entry) => void) => {
  const regex = RE2JS.compile(pattern);
  const names = Object.entries(regex.namedGroups());
  return (entry) => {
    const matcher = regex.matcher(entry.line);
    if (!matcher.find()) return;
    for (const [name, group] of names) entry.extract(name, matcher.group(group) ?? "");
  };
};

const formatted = (entry: Entry, template: ReturnType<typeof parseTemplate>): string | undefined => {
  try {
    return execute(template, entry.labels(), { line: entry.line, timestampNs: entry.timestampNs });
  } catch (error) {
    entry.fail(TEMPLATE_ERROR, (error as Error).message.slice(0, 200));
    return undefined;
  }
};

const compileLineFormat = (text: string): ((entry: Entry) => void) => {
  const template = parseTemplate(text);
  return (entry) => {
    entry.line = formatted(entry, template) ?? entry.line;
  };
};

const compileLabelFormats = (formats: readonly LabelFormat[]): ((entry: Entry) => void) => {
  const changes = formats.map((format): ((entry: Entry) => void) => {
    const { label } = format;
    if ("from" in format)
      return (entry) => {
        if (!entry.has(format.from)) return;
        entry.set(label, entry.get(format.from), "parsed");
        if (format.from !== label) entry.delete(format.from);
      };
    const template = parseTemplate(format.template);
    return (entry) => {
      const value = formatted(entry, template);
      if (value !== undefined) entry.set(label, value, "parsed");
    };
  });
  return (entry) => {
    for (const change of changes) change(entry);
  };
};

type Named = readonly (string | Matcher)[];

const testsOf = (labels: Named): ReadonlyMap<string, readonly ((value: string) => boolean)[]> => {
  const tests = new Map<string, ((value: string) => boolean)[]>();
  for (const label of labels) {
    const [name, test] = typeof label === "string" ? [label, () => true] : [label.name, matcherTest(label)];
    tests.set(name, [...(tests.get(name) ?? []), test]);
  }
  return tests;
};

const compileDrop = (labels: Named): ((entry: Entry) => void) => {
  const tests = testsOf(labels);
  return (entry) => {
    for (const [name, each] of tests) {
      if (!entry.has(name) || !each.some((test) => test(entry.get(name)))) continue;
      if (name === ERROR || name === ERROR_DETAILS) entry.forgive();
      else entry.delete(name);
    }
  };
};

const compileKeep = (labels: Named): ((entry: Entry) => void) => {
  const tests = testsOf(labels);
  return (entry) => {
    for (const name of entry.names()) if (!tests.get(name)?.some((test) => test(entry.get(name)))) entry.delete(name);
  };
};
