/** Conditions on labels. A value that is no number, duration or size where one is asked for is a fault of the entry, which stays. */

import { IpMatcher } from "../ip.ts";
import type { Comparison, LabelFilter } from "../syntax.ts";
import { parseBytes, parseFloatStrict, parseGoDuration } from "../units.ts";
import type { Entry } from "./entry.ts";
import { matcherTest } from "./matcher-test.ts";

export type EntryTest = (entry: Entry) => boolean;

export const LABEL_FILTER_ERROR = "LabelFilterErr";

const QUANTITIES: Readonly<Record<"number" | "duration" | "bytes", (text: string) => number | undefined>> = { number: parseFloatStrict, duration: parseGoDuration, bytes: parseBytes };

const COMPARE: Readonly<Record<Comparison, (one: number, other: number) => boolean>> = {
  "==": (one, other) => one === other,
  "!=": (one, other) => one !== other,
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
};

export const compileLabelFilter = (filter: LabelFilter): EntryTest => {
  switch (filter.kind) {
    case "matcher": {
      const test = matcherTest(filter);
      return (entry) => test(entry.get(filter.name));
    }
    case "and": {
      const [left, right] = [compileLabelFilter(filter.left), compileLabelFilter(filter.right)];
      return (entry) => left(entry) && right(entry);
    }
    case "or": {
      const [left, right] = [compileLabelFilter(filter.left), compileLabelFilter(filter.right)];
      return (entry) => left(entry) || right(entry);
    }
    case "ip": {
      const matcher = new IpMatcher(filter.value);
      const wanted = filter.operator === "=";
      return (entry) => {
        // Only matchers on text can leave an entry out that is faulty already.
        if (entry.error !== "") return true;
        return matcher.matches(entry.get(filter.name)) === wanted;
      };
    }
    default: {
      const read = QUANTITIES[filter.kind];
      const compare = COMPARE[filter.operator];
      return (entry) => {
        if (entry.error !== "") return true;
        const text = entry.get(filter.name);
        if (text === "") return false;
        const value = read(text);
        if (value !== undefined) return compare(value, filter.value);
        entry.fail(LABEL_FILTER_ERROR, `${filter.name}: ${JSON.stringify(text.slice(0, 100))} is no ${filter.kind}`);
        return true;
      };
    }
  }
};
