import { describe, expect, it } from "vitest";
import { describeOptions, parseOptions, UsageError } from "./options.ts";
import type { Options } from "./options.ts";

const OPTIONS = {
  json: { type: "boolean", description: "one line of JSON" },
  kills: { type: "integer", default: 100, min: 1, max: 1000, description: "kills" },
  target: { type: "choice", choices: ["agent", "all"], default: "all", description: "whom" },
  dir: { type: "string", default: "", description: "where" },
} as const satisfies Options;

describe("parseOptions", () => {
  it.each([
    { argv: [], values: { json: false, kills: 100, target: "all", dir: "" } },
    { argv: ["--", "--json"], values: { json: true, kills: 100, target: "all", dir: "" } },
    { argv: ["--kills", "3", "--target=agent", "--dir", "/tmp"], values: { json: false, kills: 3, target: "agent", dir: "/tmp" } },
  ])("reads $argv", ({ argv, values }) => {
    expect(parseOptions(OPTIONS, argv)).toEqual(values);
  });

  it.each([
    { argv: ["--kills", "0"], message: "from 1 to 1000" },
    { argv: ["--kills", "1001"], message: "from 1 to 1000" },
    { argv: ["--kills", "2.5"], message: "from 1 to 1000" },
    { argv: ["--kills", "many"], message: "from 1 to 1000" },
    { argv: ["--kills"], message: "kills" },
    { argv: ["--target", "nobody"], message: "one of agent, all" },
    { argv: ["--unknown"], message: "--unknown" },
    { argv: ["stray"], message: "stray" },
  ])("refuses $argv", ({ argv, message }) => {
    expect(() => parseOptions(OPTIONS, argv)).toThrow(UsageError);
    expect(() => parseOptions(OPTIONS, argv)).toThrow(message);
  });

  it("describes every option with its bounds", () => {
    expect(describeOptions(OPTIONS)).toContain("(1 to 1000, default 100)");
    expect(describeOptions(OPTIONS).split("\n")).toHaveLength(4);
  });
});
