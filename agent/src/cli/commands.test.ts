/** Commands that look at a configuration or at this host. */

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../config/load.ts";
import { resolveConfig } from "../config/resolve.ts";
import { findLogFiles } from "./found-files.ts";
import { drawMermaid, drawText, pathOf } from "./graph.ts";
import { configForHost } from "./init.ts";
import { isSecretName, redactText, redactYaml, secretFilesIn, secretsIn } from "./redact.ts";
import { tarOf } from "./tar.ts";
import { parseMetrics, short } from "./top.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-commands-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const configOf = async (text: string) => {
  await writeFile(join(folder, "config.yaml"), text);
  const file = await loadConfig([join(folder, "config.yaml")], {});
  if ("errors" in file) throw new Error(JSON.stringify(file.errors));
  return file.config;
};

const pathOfExample = async () => {
  const file = await configOf("endpoint: https://user:hidden-1@obs.example.com\napi_key: hidden-2\nhost: web-1\ndata_dir: /data\nenvironment: prod\nfiles:\n  - { include: [/a.log], service: one }\n  - { include: ['/b/*.log'], read_from: end }\nhost_metrics: { interval: 30s }\n");
  const result = await resolveConfig(file, { OBS_LOCAL_FILE: "/nowhere" });
  if ("errors" in result) throw new Error(JSON.stringify(result.errors));
  return pathOf(result.config);
};

describe("graph", () => {
  it("draws sources and stages as text", async () => {
    const text = drawText(await pathOfExample());
    // Sources may have further options than those that are set here.
    const blocks = text.split(/^(?=\* )/m);
    const blockOf = (name: string) => blocks.find((block) => block.startsWith(`* ${name}\n`));
    for (const line of ["include: /a.log", "read_from: 600 s", "service: one"]) expect(blockOf("files 1")).toContain(`\n|   ${line}\n`);
    expect(blockOf("files 2")).toContain("\n|   read_from: end\n");
    expect(blockOf("host_metrics")).toContain("\n|   interval: 30 s\n");
    expect(text.match(/^(parse|enrich|mask|encode|buffer|send)$/gm)).toEqual(["parse", "enrich", "mask", "encode", "buffer", "send"]);
    // Sources that nobody asked for are not drawn.
    expect(blocks.map((block) => block.split("\n")[0])).toEqual(["* files 1", "* files 2", "* host_metrics"]);
    expect(text).toContain("email, card, ssn, key");
    expect(text).not.toContain("hidden");
  });

  it("draws a Mermaid flow chart", async () => {
    const chart = drawMermaid(await pathOfExample());
    expect(chart).toMatch(/^flowchart LR\n {2}source0\["files 1<br>/);
    expect(chart).toContain("  source2 --> parse\n");
    expect(chart).toContain("  parse --> enrich --> mask --> encode --> buffer --> send\n");
    expect(chart).not.toContain("hidden");
  });
});

describe("init", () => {
  it("finds files, names those that cannot be read, and writes a configuration that is valid", async () => {
    await mkdir(join(folder, "log", "nginx"), { recursive: true });
    await writeFile(join(folder, "log", "nginx", "access.log"), "x\n");
    const glob = join(folder, "log", "**", "*.log");
    const found = await findLogFiles([glob, join(folder, "none", "*.log")], []);
    expect(found).toEqual({ include: [glob], exclude: [], files: [{ path: join(folder, "log", "nginx", "access.log"), service: "nginx" }], unreadable: [] });
    const text = configForHost({ ...found, unreadable: [{ path: "/x", remedy: "do this" }] }, "https://user:pass@obs.example.com");
    expect(text).toContain(`#   ${join(folder, "log", "nginx", "access.log")} (service nginx)`);
    expect(text).toContain("#   /x: do this");
    expect(await configOf(text)).toMatchObject({ endpoint: "https://obs.example.com", files: [{ include: [glob] }] });
  });

  it("leaves every other option as a comment that is valid when it is uncommented", async () => {
    const text = configForHost(await findLogFiles([], []), undefined);
    expect(await configOf(text)).toMatchObject({ files: [] });
    const sections = text.split(/\n(?=#[a-z_]+:)/).slice(1).map((section) => section.split("\n").filter((line) => /^#(?! [^ ])/.test(line)).map((line) => line.slice(1)));
    expect(sections.length).toBeGreaterThan(8);
    for (const lines of sections) {
      // Placeholders of options without a default are for a person to fill in.
      const set = lines.filter((line) => !line.endsWith(": ..."));
      if (set.length > 1 || /: /.test(set[0] ?? "")) await configOf(`${set.join("\n")}\n`);
    }
  });
});

describe("redaction", () => {
  it.each([
    ["api_key", true], ["apiKey", true], ["PASSWORD", true], ["headers", true], ["Authorization", true], ["api_key_file", false], ["include", false], ["host", false],
  ])("of %s: %s", (name, secret) => expect(isSecretName(name)).toBe(secret));

  it("keeps the shape of a configuration, and references", () => {
    expect(redactYaml("# note\napi_key: ${OBS_API_KEY}\nother_token: abc\nnested: { headers: { X: [1, two] }, plain: 5 }\n")).toBe("api_key: ${OBS_API_KEY}\nother_token: \"[redacted]\"\nnested:\n  headers:\n    X:\n      - \"[redacted]\"\n      - \"[redacted]\"\n  plain: 5\n");
    expect(redactYaml("a: [ secret")).not.toContain("secret\n ");
    expect(secretsIn({ a: [{ token: "t1" }], password: { deep: [2] } })).toEqual(["t1", "2"]);
    expect(secretFilesIn({ api_key_file: "/k", tls: { key_file: "/t", ca_file: "/c" } })).toEqual(["/k", "/t"]);
  });

  it.each(["https://u:secret9@host/x", "GET /?token=secret9&x=1", "Authorization: Bearer secret9", "obs_i_secret9", "sk-secret9secret9secret9secret9"])("of %s", (text) => expect(redactText(text, [])).not.toContain("secret9"));

  it("lets no known secret through, in whatever it stands", () => {
    const secret = fc.string({ minLength: 6, maxLength: 20, unit: fc.constantFrom("a", "B", "7", "$", "^", "\\", '"', "(", "-", "é") }).filter((text) => text.trim() === text && !"[redacted]".includes(text));
    fc.assert(fc.property(secret, fc.string(), fc.string(), (known, before, after) => {
      expect(redactText(before + known + after, [known])).not.toContain(known);
      expect(redactText(JSON.stringify({ value: known }), [known])).not.toContain(JSON.stringify(known).slice(1, -1));
    }));
  });

  it("leaves names of metrics alone", () => expect(redactText("obs_buffer_bytes 5\nobs_agent_info{host=\"h\"} 1\n", [])).toBe("obs_buffer_bytes 5\nobs_agent_info{host=\"h\"} 1\n"));
});

describe("tar", () => {
  it("is read by tar", async () => {
    const files = [{ name: "a/one.txt", content: "x".repeat(512) }, { name: "a/two.txt", content: "häß\n" }, { name: "a/empty", content: "" }];
    await writeFile(join(folder, "x.tar"), tarOf(files, Date.UTC(2026, 0, 1)));
    expect(execFileSync("tar", ["-tf", join(folder, "x.tar")]).toString()).toBe("a/one.txt\na/two.txt\na/empty\n");
    expect(execFileSync("tar", ["-xOf", join(folder, "x.tar"), "a/two.txt"]).toString()).toBe("häß\n");
  });
});

describe("top", () => {
  it.each([[0, "0"], [999.94, "999.9"], [9_999, "9999"], [10_000, "10k"], [12_345_678, "12.3M"]])("writes %d as %s", (value, text) => expect(short(value)).toBe(text));
  it("reads Prometheus text", () => expect(parseMetrics("# HELP a b\n# TYPE a counter\na{x=\"y z\"} 5\nb 1.5\n")).toEqual(new Map([["a{x=\"y z\"}", 5], ["b", 1.5]])));
});
