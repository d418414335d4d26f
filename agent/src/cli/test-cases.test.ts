import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess } from "../../test/agent-process.ts";

const CASES = fileURLToPath(new URL("testdata/cases.yaml", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-cases-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = async (text: string, ...args: string[]) => {
  await writeFile(join(folder, "cases.yaml"), text);
  return new AgentProcess({ args: ["test", join(folder, "cases.yaml"), ...args] }).ended;
};

describe("obs-agent test", () => {
  it("passes cases of the documentation", async () => {
    expect(await new AgentProcess({ args: ["test", CASES] }).ended).toMatchObject({ code: 0, stdout: expect.stringContaining("3 passed, 0 failed") });
  });

  it("shows what differs, and exits with 1", async () => {
    const text = "- name: wrong\n  input: |\n    {\"level\":\"warn\",\"msg\":\"hi\",\"status\":200}\n    more\n  expect:\n    - { message: ho, severity: error, attributes: { status: 500, gone: null, here: 1 } }\n";
    const { code, stdout } = await run(text);
    expect(code).toBe(1);
    expect(stdout).toContain(`FAIL wrong (${join(folder, "cases.yaml")}:1)`);
    for (const [at, expected, found] of [["message", "ho", "hi"], ["severity", "error", "WARN"], ["attributes.status", "500", "200"], ["attributes.here", "1", "(nothing)"]])
      expect(stdout).toContain(`     record 1, ${at}\n       - ${expected}\n       + ${found}\n`);
    expect(stdout).toContain('     record 2\n       - (nothing)\n       + {"timestamp":');
    expect(stdout).toContain("0 passed, 1 failed");
    const { code: jsonCode, stdout: json } = await run(text, "--json");
    expect(jsonCode).toBe(1);
    expect(JSON.parse(json)).toMatchObject({ passed: 0, failed: 1, cases: [{ name: "wrong", passed: false, differences: { length: 5 } }] });
  });

  it("uses the groups and masks of a configuration, which needs no backend", async () => {
    await writeFile(join(folder, "config.yaml"), "files: [{ include: [/srv/*.log], service: front, environment: prod }]\nmask: { enabled: false }\n");
    const cases = "- name: group\n  path: /srv/a.log\n  input: a@example.com\n  expect: [{ service: front, environment: prod, message: a@example.com }]\n";
    expect(await run(cases, "--config", join(folder, "config.yaml"))).toMatchObject({ code: 0 });
  });

  it.each([
    ["- name: x\n  inputt: a\n  expect: []\n", ["cases.yaml:1: 0.input", "cases.yaml:1: 0: Unrecognized key: \"inputt\""]],
    ["- name: x\n  input: a\n  expect:\n    - { masage: x }\n", ["cases.yaml:4: 0.expect.0"]],
    ["- name: x\n  input: a\n  now: later\n  expect: []\n", ["cases.yaml:3: 0.now: expected a time"]],
    ["a: [", ["cases.yaml:1"]],
  ])("names faults of the file %#", async (text, messages) => {
    const { code, stderr } = await run(text);
    expect(code).toBe(78);
    for (const message of messages) expect(stderr).toContain(message);
  });
});
