import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashSecret } from "../auth/index.ts";
import { createIssueKey } from "../auth/issue-key.ts";
import { openMetadata } from "../meta/index.ts";
import { buildDashboard, dashboardIsStale } from "./dashboard-build.ts";
import { lockDataFolder, readInstance } from "./data-lock.ts";
import { warningIn } from "./local-agent.ts";
import { localKey } from "./local-key.ts";
import { plainLog } from "./plain-log.ts";
import { createProgress } from "./progress.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "obs-parts-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = (isTTY: boolean) => {
  const output = { text: "", isTTY, write: (text: string) => void (output.text += text) };
  return output;
};

describe("progress", () => {
  it("is one line per step in a file", async () => {
    const output = written(false);
    expect(await createProgress(output).step("store", async () => 7)).toBe(7);
    expect(output.text).toMatch(/^✓ store \(0\.\d s\)\n$/);
  });

  it("shows the step while it runs on a terminal, and replaces it", async () => {
    const output = written(true);
    await createProgress(output).step("store", async () => expect(output.text).toBe("  store ..."));
    expect(output.text).toMatch(/\r\u001b\[2K✓ store \(\d+\.\d s\)\n$/);
  });

  it("marks a step that failed, and fails", async () => {
    const output = written(false);
    await expect(createProgress(output).step("store", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(output.text).toMatch(/^✗ store/);
  });
});

describe("the lock on a data folder", () => {
  it("lets one in, says who it is, and is gone with it", () => {
    const data = join(folder, "data");
    const lock = lockDataFolder(data);
    expect(() => lockDataFolder(data)).toThrow(`already running on ${data}: it is starting (process ${process.pid})`);
    lock.announce("http://127.0.0.1:1");
    expect(() => lockDataFolder(data)).toThrow("it answers at http://127.0.0.1:1");
    expect(statSync(data).mode & 0o077).toBe(0);
    lock.release();
    expect(readInstance(data)).toBeUndefined();
    lockDataFolder(data).release();
  });

  it("is not held by what a crash left behind", () => {
    writeFileSync(join(folder, "instance.json"), '{"pid":1,"url":"http://127.0.0.1:1"}');
    writeFileSync(join(folder, "lock.db"), "");
    expect(() => lockDataFolder(folder).release()).not.toThrow();
  });

  it("says why a folder cannot be used", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => lockDataFolder(join(folder, "file"))).toThrow(/cannot be used: .* \(choose another with OBS_DATA_DIR\)/);
  });
});

describe("a secret file", () => {
  it("is for its owner only, also when it was not before", () => {
    const path = join(folder, "deep", "secret");
    expect(readSecretFile(path)).toBeUndefined();
    writeSecretFile(path, "one");
    writeSecretFile(path, "two");
    expect(readSecretFile(path)).toBe("two");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe("this machine's key", () => {
  it("is the same at every start, and replaced when file and database do not belong together", async () => {
    const metadata = await openMetadata(":memory:");
    await metadata.tenants.create({ id: "default", name: "" });
    const issueKey = createIssueKey(metadata.keys);
    const options = { dataDir: folder, metadata, issueKey, hashSecret };
    const first = await localKey(options);
    expect(await localKey(options)).toBe(first);
    rmSync(join(folder, "api-key"));
    const second = await localKey(options);
    expect(second).not.toBe(first);
    const valid = (await metadata.keys.list("default")).filter(({ revokedAt }) => revokedAt === null);
    expect(valid).toHaveLength(1);
    await metadata.keys.revoke("default", valid[0]!.id);
    expect(await localKey(options), "a revoked key is not shown again").not.toBe(second);
    await metadata.close();
  });
});

describe("the server's log on a terminal", () => {
  it("is the message, with the error behind it", async () => {
    const output = written(false);
    const stream = plainLog(output);
    stream.write('{"level":40,"msg":"the store is away"}\n{"level":50,"msg":"failed","err":{"message":"no disk"}}\n');
    stream.write("not JSON\n");
    await new Promise<void>((resolve) => stream.end(resolve));
    expect(output.text).toBe("obs: the store is away\nobs: failed (no disk)\nobs: not JSON\n");
  });
});

describe("what the agent's log has for a person", () => {
  it.each([
    ['{"time":"t","level":"info","message":"obs-agent has started"}', undefined],
    ['{"time":"t","level":"warn","message":"cannot read","path":"/var/log/auth.log","bytes":3}', "cannot read (path: /var/log/auth.log, bytes: 3)"],
    ['{"time":"t","level":"error","message":"disk full"}', "disk full"],
    ["obs-agent: another agent works on this data folder", "obs-agent: another agent works on this data folder"],
  ])("of %s is %j", (line, warning) => expect(warningIn(line)).toBe(warning));
});

const makeSources = (at: Date): void => {
  mkdirSync(join(folder, "src", "deep"), { recursive: true });
  const file = join(folder, "src", "deep", "main.tsx");
  writeFileSync(file, "");
  for (const path of [file, join(folder, "src", "deep"), join(folder, "src")]) utimesSync(path, at, at);
};

const installBuilder = (script: string): void => {
  const bin = join(folder, "node_modules", ".bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "vite"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
};

describe("the dashboard's build", () => {
  it("is needed when there is none, and when a source is newer", () => {
    expect(dashboardIsStale(folder), "no sources: an installed package").toBe(false);
    makeSources(new Date(1_000_000));
    expect(dashboardIsStale(folder)).toBe(true);
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "index.html"), "");
    expect(dashboardIsStale(folder)).toBe(false);
    makeSources(new Date(Date.now() + 10_000));
    expect(dashboardIsStale(folder)).toBe(true);
  });

  it("takes the place of the old one when it is done", async () => {
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "old.js"), "");
    installBuilder('while [ "$1" != --outDir ]; do shift; done; mkdir "$2" && echo new > "$2/index.html"');
    await buildDashboard(folder);
    expect(readdirSync(join(folder, "dist"))).toEqual(["index.html"]);
    expect(readdirSync(join(folder, "node_modules"))).toEqual([".bin"]);
  });

  it("fails with the end of what the builder said, and keeps the old one", async () => {
    mkdirSync(join(folder, "dist"));
    writeFileSync(join(folder, "dist", "old.js"), "");
    installBuilder("echo 'main.tsx: no such thing' >&2; exit 1");
    await expect(buildDashboard(folder)).rejects.toThrow("main.tsx: no such thing");
    expect(readdirSync(join(folder, "dist"))).toEqual(["old.js"]);
  });

  it("says so when the builder is not installed", async () => {
    await expect(buildDashboard(folder)).rejects.toThrow("ENOENT");
  });
});
