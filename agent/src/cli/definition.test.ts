import { describe, expect, it } from "vitest";
import { AgentError } from "../errors.ts";
import { COMMANDS } from "./commands.ts";
import { findCommand, readInvocation } from "./definition.ts";

const read = (name: string, ...args: string[]) => readInvocation(findCommand(COMMANDS, name), args);

describe("command line", () => {
  it.each([
    [["tap", "--filter", "a=b", "--filter", "c~d", "--rate", "5", "--json"], { args: [], flags: { filter: ["a=b", "c~d"], rate: 5, json: true } }],
    [["test", "one.yaml", "two.yaml", "--config", "c.yaml"], { args: ["one.yaml", "two.yaml"], flags: { config: ["c.yaml"] } }],
    [["convert", "x.conf", "--from", "vector"], { args: ["x.conf"], flags: { from: "vector" } }],
    [["help"], { args: [], flags: {} }],
  ])("%j", ([name, ...args], invocation) => expect(read(name!, ...args)).toEqual(invocation));

  it.each([
    [["valdate"], 'there is no command "valdate": did you mean validate? (obs-agent help)'],
    [["tap", "--ratte", "5"], "tap has no option --ratte: did you mean --rate? (obs-agent help)"],
    [["tap", "--rate", "fast"], '--rate takes a number, not "fast" (obs-agent help)'],
    [["tap", "--stream", "traces"], '--stream takes logs, spans, samples, histograms, exemplars, series, not "traces" (obs-agent help)'],
    [["completion", "tcsh"], 'completion takes bash, zsh, fish, not "tcsh" (obs-agent help)'],
    [["completion"], "completion needs SHELL (obs-agent help)"],
    [["status", "more"], "unexpected argument: more (obs-agent help)"],
    [["convert", "a", "b"], "unexpected argument: b (obs-agent help)"],
  ])("refuses %j", ([name, ...args], message) => expect(() => read(name!, ...args)).toThrow(new AgentError("usage", message)));

  it("has every command documented, once", () => {
    expect(new Set(COMMANDS.map(({ name }) => name)).size).toBe(COMMANDS.length);
    for (const { doc, flags } of COMMANDS) for (const text of [doc, ...Object.values(flags).map((flag) => flag.doc)]) expect(text).toMatch(/^[A-Z`].*[.`]$/);
  });
});
