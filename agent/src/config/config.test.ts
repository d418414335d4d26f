import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { interpolate } from "./interpolate.ts";
import { formatConfigError, loadConfig } from "./load.ts";
import { editDistance, nearestName } from "./nearest.ts";
import { defaultDataDir, resolveConfig } from "./resolve.ts";
import { parseDuration, parseSize } from "./units.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "obs-config-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
};

const errorsOf = async (text: string, environment: Record<string, string> = {}): Promise<string[]> => {
  const result = await loadConfig([await write("a.yaml", text)], environment);
  return "errors" in result ? result.errors.map((error) => formatConfigError(error).replace(`${folder}/`, "")) : [];
};

const configOf = async (paths: readonly string[], environment: Record<string, string> = {}) => {
  const result = await loadConfig(paths, environment);
  if ("errors" in result) throw new Error(result.errors.map(formatConfigError).join("\n"));
  return result.config;
};

describe("units", () => {
  it.each([
    ["0", 0], ["512KB", 524_288], ["10GB", 10_737_418_240], ["1.5 MiB", 1_572_864], ["7b", 7],
  ])("reads the size %s", (text, bytes) => expect(parseSize(text)).toBe(bytes));
  it.each([["300ms", 300], ["10s", 10_000], ["1h", 3_600_000], ["1.5m", 90_000], ["2d", 172_800_000]])("reads the duration %s", (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(["", "ten", "10", "-1s", "1 fortnight", "1s2"])("reads no duration from %j", (text) => expect(parseDuration(text)).toBeUndefined());
  it.each(["", "big", "-1", "1 XB"])("reads no size from %j", (text) => expect(parseSize(text)).toBeUndefined());
});

describe("nearest name", () => {
  it.each([["endpont", "endpoint"], ["maxRows", "max_rows"], ["api-key", "api_key"], ["zzz", undefined]])("of %s is %s", (name, nearest) =>
    expect(nearestName(name, ["endpoint", "max_rows", "api_key", "linger"])).toBe(nearest));

  it("counts edits like a distance", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe("interpolation", () => {
  const environment = { SET: "value", EMPTY: "", LINES: "a\nb" };
  it.each([
    ["${SET}", "value"], ["a-${SET}-b", "a-value-b"], ["${UNSET:-fallback}", "fallback"], ["${EMPTY:-fallback}", "fallback"], ["${EMPTY}", ""],
    ["$$${SET}", "$value"], ["$${SET}", "${SET}"], ["cost $5", "cost $5"], ["${1}:$2", "${1}:$2"], ["${SET:?needed}", "value"], ["${UNSET:-}", ""],
  ])("of %s is %s", (text, value) => expect(interpolate(text, environment)).toBe(value));
  it.each([
    ["${UNSET}", "UNSET is not set"], ["${UNSET:?set it to the key}", "UNSET is not set: set it to the key"], ["${LINES}", "holds a line break"], ["${not a name}", "is not a variable"], ["${SET", "is not a variable"],
  ])("of %s fails", (text, message) => expect(() => interpolate(text, environment)).toThrow(message));
});

describe("configuration", () => {
  it("needs no file", async () => {
    expect(await configOf([])).toMatchObject({ batch: { max_rows: 16_384, linger: 300 }, buffer: { max_size: 2 ** 30 }, host_metrics: { enabled: true, interval: 10_000 }, files: [{ read_from: 600_000 }] });
  });

  it("puts files and folders together: later ones win, lists are joined", async () => {
    const main = await write("config.yaml", "host: one\nfiles: [{ include: [/a] }]\nbatch: { linger: 1s }\n");
    await write("conf.d/20.yaml", "host: three\nfiles: [{ include: [/c], read_from: end }]\n");
    await write("conf.d/10.yaml", "host: two\nbatch: { max_rows: '${ROWS}' }\n");
    await write("conf.d/readme.txt", "not yaml: [");
    const config = await configOf([main, join(folder, "conf.d")], { ROWS: "100" });
    expect(config).toMatchObject({ host: "three", batch: { linger: 1_000, max_rows: 100 } });
    expect(config.files.map(({ include, read_from }) => [include, read_from])).toEqual([[["/a"], 600_000], [["/c"], "end"]]);
  });

  it("names what is wrong in an option that is a word or a mapping", async () => {
    expect(await errorsOf('files:\n  - include: [/a]\n    multiline: { strat: a, end: "(" }\n  - include: [/b]\n    multiline: on\n')).toEqual([
      "a.yaml:3: files.0.multiline.end: error parsing regexp: missing closing ): `(`",
      "a.yaml:3: files.0.multiline.strat: unknown option: did you mean start?",
      "a.yaml:5: files.1.multiline: expected auto, off or a mapping",
    ]);
  });

  it("reports every error at once, with file, line and path", async () => {
    expect(await errorsOf("endpont: x\nendpoint: ftp://x\nfiles:\n  - includ: [a]\n    read_from: 10 parsecs\nbatch:\n  max_rows: 99999999\n  linger: 300\nhost: ${NOPE}\n")).toEqual([
      "a.yaml:9: the environment variable NOPE is not set (a default: ${NOPE:-...})",
      "a.yaml:2: endpoint: expected an http:// or https:// address",
      "a.yaml:4: files.0.include: is missing: a list",
      'a.yaml:5: files.0.read_from: expected beginning, end or a duration such as 10m, found "10 parsecs"',
      "a.yaml:4: files.0.includ: unknown option: did you mean include?",
      "a.yaml:7: batch.max_rows: expected a whole number from 1 to 65536, found 99999999",
      "a.yaml:8: batch.linger: expected a duration such as 300ms, 10s or 1h, at least 1ms, found 300",
      "a.yaml:1: endpont: unknown option: did you mean endpoint?",
    ]);
  });

  it.each([
    ["log: { level: wran }\n", "a.yaml:1: log.level: expected one of debug, info, warn, error, found \"wran\": did you mean warn?"],
    ["files: /var/log/x\n", 'a.yaml:1: files: expected a list, found "/var/log/x"'],
    ["api_key: 12345678\n", 'a.yaml:1: api_key: expected text, found "(not shown)"'],
    ["host: 7\n", "a.yaml:1: host: expected text, found 7"],
    ["a: &a [*a]\n", "a.yaml:1: *a cannot be followed: aliases may not lead in circles, and there are 1000 at most"],
  ])("says what is wrong with %j", async (text, message) => expect(await errorsOf(text)).toContain(message));

  it("follows aliases, and not for ever", async () => {
    const config = await configOf([await write("a.yaml", "host: &name web-1\nenvironment: *name\nfiles:\n  - &group { include: [/a], service: one }\n  - *group\n")]);
    expect(config).toMatchObject({ host: "web-1", environment: "web-1", files: [{ service: "one" }, { service: "one" }] });
    const lists = ["x0: &x0 [lol]", ...Array.from({ length: 8 }, (_, level) => `x${level + 1}: &x${level + 1} [${Array.from({ length: 9 }, () => `*x${level}`).join(", ")}]`)];
    expect((await errorsOf(`${lists.join("\n")}\n`)).join("\n")).toContain("aliases");
  });

  it("points into the right file of a joined list", async () => {
    const one = await write("1.yaml", "files: [{ include: [/a] }]\n");
    const two = await write("2.yaml", "host: b\nfiles:\n  - include: [/b]\n    color: red\n");
    const result = await loadConfig([one, two], {});
    expect("errors" in result && result.errors[0]).toMatchObject({ where: `${two}:4`, path: "files.1.color" });
  });

  it.each([
    ["- a\n- b\n", "a.yaml: expected a mapping"],
    ["a: [", "a.yaml:"],
    ["a: 1\na: 2\n", "a.yaml:2"],
  ])("refuses %j", async (text, message) => expect((await errorsOf(text)).join("\n")).toContain(message));

  it.each([
    ["{ type: regex, pattern: '(?<message>.*' }", "files.0.parser.pattern: "],
    ["{ type: regex }", "files.0.parser.pattern: type regex needs a pattern"],
    ["{ type: grok, pattern: '%{NOPE:x}' }", "files.0.parser.pattern: there is no grok pattern NOPE"],
    ["{ type: json, pattern: x }", "files.0.parser.pattern: type json takes no pattern"],
    ["{ type: jsonn }", "files.0.parser.type: "],
    ["{ timezone: Europe/Atlantis }", "files.0.parser.timezone: expected the name of a time zone"],
  ])("refuses the parser %s", async (parser, message) => {
    const errors = await errorsOf(`files: [{ include: [/x], parser: ${parser} }]\n`);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });

  it("names a file that is not there", async () => {
    const result = await loadConfig([join(folder, "none.yaml")], {});
    expect("errors" in result && result.errors).toEqual([{ where: join(folder, "none.yaml"), path: "", message: "there is no such file or folder" }]);
  });
});

const resolved = async (text: string, environment: Record<string, string> = {}) => resolveConfig(await configOf([await write("a.yaml", text)]), { OBS_LOCAL_FILE: join(folder, "local.json"), ...environment });

describe("resolution", () => {
  it("prefers the environment, and reads the key from a file", async () => {
    const key = await write("key", "obs_i_file\n");
    expect(await resolved(`endpoint: http://a\napi_key_file: ${key}\n`, { OBS_ENDPOINT: "http://b" })).toMatchObject({ config: { endpoint: "http://b", apiKey: "obs_i_file" } });
    expect(await resolved(`endpoint: http://a\napi_key: one\n`, { OBS_API_KEY: "two", OBS_AGENT_LISTEN: "off", OBS_AGENT_DATA_DIR: "/x" })).toMatchObject({ config: { apiKey: "two", admin: { enabled: false }, dataDir: "/x" } });
  });

  it("finds this machine's own backend where none is named", async () => {
    await write("local.json", JSON.stringify({ endpoint: "http://127.0.0.1:8080", apiKey: "obs_i_local" }));
    expect(await resolved("host: h\n")).toMatchObject({ config: { endpoint: "http://127.0.0.1:8080", apiKey: "obs_i_local", host: "h" } });
    // A key of this machine is never sent to a backend that somebody named.
    expect(await resolved("endpoint: http://elsewhere\n")).toMatchObject({ errors: [{ path: "api_key" }] });
  });

  it("says what is missing or contradicts itself", async () => {
    expect(await resolved("host: h\n")).toMatchObject({ errors: [{ path: "endpoint" }] });
    expect(await resolved(`endpoint: http://a\napi_key: a\napi_key_file: ${join(folder, "none")}\n`)).toMatchObject({ errors: [{ message: "give api_key or api_key_file, not both" }] });
    expect(await resolved(`endpoint: http://a\napi_key_file: ${join(folder, "none")}\n`)).toMatchObject({ errors: [{ path: "api_key_file" }, { path: "api_key" }] });
    expect(await resolved(`endpoint: http://a\napi_key: "two words"\n`)).toMatchObject({ errors: [{ path: "api_key" }] });
  });

  it("reads the buffer's key and the files of TLS, and finds their faults at once", async () => {
    const base = "endpoint: https://a\napi_key: k\n";
    const key = await write("buffer.key", `${"ab".repeat(32)}\n`);
    expect(await resolved(`${base}buffer: { key_file: ${key}, when_full: { host_metrics: drop_oldest } }\n`)).toMatchObject({
      config: { bufferKey: Buffer.alloc(32, 0xab), tls: {}, buffer: { when_full: { file: "push_back", host_metrics: "drop_oldest" } } },
    });
    const short = await write("short.key", "secret\n");
    const pem = await write("a.pem", "no certificate\n");
    expect(await resolved(`${base}tls: { cert_file: ${pem} }\nbuffer: { key_file: ${short} }\n`)).toMatchObject({ errors: [{ path: "tls", message: "give cert_file and key_file, or neither" }, { path: "tls" }, { path: "buffer.key_file" }] });
    expect(await resolved(`endpoint: http://a\napi_key: k\ntls: { ca_file: ${join(folder, "none")} }\n`)).toMatchObject({ errors: [{ path: "tls.ca_file", message: expect.stringContaining("is not https://") }, { path: "tls.ca_file", message: "there is no such file" }] });
    expect(await errorsOf("buffer:\n  when_full:\n    files: drop_oldest\n")).toEqual(["a.yaml:3: buffer.when_full.files: unknown option: did you mean file?"]);
  });

  it("puts further backends together, and finds what is wrong with each", async () => {
    const key = await write("archive.key", "obs_i_archive\n");
    const base = "endpoint: http://a\napi_key: k\noutputs:\n";
    expect(await resolved(`${base}  - { name: archive, endpoint: "https://b", api_key_file: ${key}, when_full: drop_oldest }\n`)).toMatchObject({
      config: { outputs: [{ name: "archive", endpoint: "https://b", apiKey: "obs_i_archive", tls: {}, whenFull: "drop_oldest" }] },
    });
    const faults = await resolved(`${base}  - { name: one, endpoint: "http://a/", api_key: k, tls: { cert_file: ${key} } }\n  - { name: two, endpoint: "http://a:81" }\n`);
    expect("errors" in faults && faults.errors.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "outputs.0.endpoint: it is the backend of endpoint: an output needs another one",
      "outputs.0.tls.cert_file: the endpoint http://a/ is not https://",
      "outputs.0.tls: give cert_file and key_file, or neither",
      expect.stringContaining("outputs.0.tls: not usable"),
      "outputs.1.api_key: no API key: set api_key or api_key_file",
    ]);
    expect(await errorsOf("outputs:\n  - { name: A/B, endpoint: 'http://b' }\n")).toEqual(["a.yaml:2: outputs.0.name: expected up to 32 small letters, digits, - and _"]);
    expect(await errorsOf("outputs:\n  - { name: a, endpoint: 'http://b' }\n  - { name: a, endpoint: 'http://c' }\n")).toEqual(["a.yaml:3: outputs.1.name: there are two outputs named a"]);
    expect(await errorsOf("outputs:\n  - { name: a, endpoint: 'http://b', when_full: drop_newest }\n")).toEqual([expect.stringContaining("a.yaml:2: outputs.0.when_full")]);
  });

  it("keeps its data where the system keeps such data", () => {
    expect(defaultDataDir({}, true)).toBe("/var/lib/obs-agent");
    expect(defaultDataDir({ HOME: "/home/u" }, false)).toBe("/home/u/.local/state/obs-agent");
    expect(defaultDataDir({ HOME: "/home/u", XDG_STATE_HOME: "/s" }, false)).toBe("/s/obs-agent");
  });
});
