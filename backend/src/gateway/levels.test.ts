import { describe, expect, it } from "vitest";
import { severityOfLevel } from "../../../agent/src/parsers/severity.ts";
import { LEVEL_WORDS } from "@obs/wire";
import { severityOf } from "./levels.ts";

const LEVEL_NAMES = Object.keys(LEVEL_WORDS);

const ofAgent = (level: string): number | undefined => {
  const severity = severityOfLevel(Buffer.from(level), 0, level.length);
  return severity === -1 ? undefined : severity;
};

describe("severityOf", () => {
  const numbers = Array.from({ length: 75 }, (_, number) => String(number));
  const words = [...LEVEL_NAMES, ...LEVEL_NAMES.map((name) => name.toUpperCase()), "loud", "constructor", "in", "informationally"];

  it("answers as the agent's row pass does", () => {
    for (const level of [...numbers, ...words]) expect([level, severityOf(level)]).toEqual([level, ofAgent(level)]);
  });

  it("takes numbers as numbers", () => {
    expect([30, 50, 3, 5.5, -1, 100, Number.NaN].map(severityOf)).toEqual([9, 17, 17, undefined, undefined, undefined, undefined]);
  });

  it.each([null, undefined, {}, [], true])("knows nothing of %j", (level) => expect(severityOf(level)).toBeUndefined());
});
