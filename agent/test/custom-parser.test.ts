/** A user's own parser, in the real binary. */

import { appendFile, chmod, mkdir, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };
const PARSER = `
import type { LineParserFunction } from "obs-agent/plugin";
const parse: LineParserFunction = (line: string) => {
  if (line === "bad") throw new Error("cannot read this");
  const [level, user, message] = line.split("|");
  return message === undefined ? undefined : { level, message, service: "legacy", user: { name: user }, list: [1, "a"], none: null };
};
export default parse;
`;

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

describe("a custom parser", () => {
  it("makes fields, masked; what it throws at or does not know stays text; and a changed file is taken up", () =>
    withScratch(async ({ path, configure, folder }) => {
      await mkdir(path("logs"));
      await chmod(folder, 0o755);
      await writeFile(path("parser.ts"), PARSER, { mode: 0o644 });
      await writeFile(path("logs", "a.log"), "ERROR|bob@example.com|it broke\nbad\nplain\n");
      const files = [{ include: [path("logs", "*.log")], read_from: "beginning", parser: { type: "custom", file: path("parser.ts") } }];
      const config = await configure(backend.url, { files, workers: 2 });
      expect((await new AgentProcess({ args: ["validate", "--config", config] }).ended).code).toBe(0);
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages, WAIT).toEqual(["it broke", "bad", "plain"]);
      expect(backend.column("logs", "severity")).toEqual([17, 0, 0]);
      expect(backend.column("logs", "service")[0]).toBe("legacy");
      expect(backend.column("logs", "attributes")[0]).toMatchObject({ "user.name": "[EMAIL]", list: '[1,"a"]' });
      expect(agent.stderr).toContain("cannot read this");
      await writeFile(path("parser.ts"), "export default (line: string) => ({ message: line.toUpperCase() });");
      await expect.poll(() => agent.stderr, WAIT).toContain("was loaded anew");
      await appendFile(path("logs", "a.log"), "later\n");
      await expect.poll(() => backend.messages, WAIT).toEqual(["it broke", "bad", "plain", "LATER"]);
      await writeFile(path("parser.ts"), "export default 5;");
      await expect.poll(() => agent.stderr, WAIT).toContain("its default export must be a function");
      await appendFile(path("logs", "a.log"), "still\n");
      await expect.poll(() => backend.messages.at(-1), WAIT).toBe("STILL");
      expect((await agent.kill("SIGTERM")).code).toBe(0);
    }));

  it.each<[string, string | undefined, number, string]>([
    ["there is none", undefined, 0, "there is no such file"],
    ["others can write it", PARSER, 0o666, "can be written by others"],
    ["it cannot be loaded", "export default (", 0o644, "it cannot be loaded"],
    ["it is no function", "export default {};", 0o644, "its default export must be a function"],
  ])("is refused with exit code 78 when %s", (_, text, mode, message) =>
    withScratch(async ({ path, configure }) => {
      if (text !== undefined) {
        await writeFile(path("parser.ts"), text);
        await chmod(path("parser.ts"), mode);
      }
      const config = await configure(backend.url, { files: [{ include: [path("x.log")], parser: { type: "custom", file: path("parser.ts") } }] });
      for (const command of ["validate", "run"]) {
        const { code, stderr, stdout } = await new AgentProcess({ args: [command, "--config", config] }).ended;
        expect(code).toBe(78);
        expect(stderr + stdout).toContain(message);
        expect(stderr + stdout).toContain("files.0.parser.file");
      }
    }),
  );

  it("is what `test` runs with", () =>
    withScratch(async ({ path, configure }) => {
      await writeFile(path("parser.ts"), PARSER, { mode: 0o644 });
      const config = await configure(backend.url, { files: [{ include: [path("logs", "*.log")], parser: { type: "custom", file: path("parser.ts") } }] });
      await writeFile(path("cases.yaml"), JSON.stringify([{ name: "one", path: path("logs", "a.log"), input: "WARN|ann|hello", expect: [{ message: "hello", service: "legacy", attributes: { "user.name": "ann" } }] }]));
      const { code, stdout, stderr } = await new AgentProcess({ args: ["test", "--config", config, path("cases.yaml")] }).ended;
      expect([code, stdout + stderr]).toEqual([0, expect.stringContaining("1") as string]);
    }));
});
