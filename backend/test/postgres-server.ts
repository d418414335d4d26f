/** A real PostgreSQL for tests: its own data folder, loopback only, gone at the end. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { freePort } from "../src/store/embedded/listener.ts";

const DEBIAN_ROOT = "/usr/lib/postgresql";

/** Folder of `initdb` and `postgres`, newest version first; undefined where there is no server. */
const findPostgres = (): string | undefined => {
  if (!existsSync(DEBIAN_ROOT)) return undefined;
  const versions = readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN_ROOT, version, "bin")).find((bin) => existsSync(join(bin, "initdb")) && existsSync(join(bin, "postgres")));
};

const bin = findPostgres();

/** For titles of suites: says why they were skipped. */
export const POSTGRES = { isAbsent: bin === undefined, title: bin === undefined ? "PostgreSQL (skipped: no server binary; Debian: apt-get install postgresql)" : "PostgreSQL" };

const idOf = (user: string): { uid: number; gid: number } | undefined => {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
};

/** PostgreSQL refuses to run as root. */
const unprivileged = () => (process.getuid?.() === 0 ? (idOf("postgres") ?? idOf("nobody")) : undefined);

const waitUntilReady = (server: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let output = "";
    server.stderr!.on("data", (chunk: Buffer) => {
      output += chunk;
      if (output.includes("database system is ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`postgres ended:\n${output}`)));
  });

export const startPostgres = async (): Promise<{ url: string; stop(): Promise<void> }> => {
  if (bin === undefined) throw new Error("there is no PostgreSQL server on this machine");
  const folder = mkdtempSync(join(tmpdir(), "obs-postgres-"));
  const user = unprivileged();
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: "C" }, ...user };
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "obs", "-A", "trust", "-E", "UTF8", "--no-sync"], { ...options, stdio: "ignore" });
  const port = await freePort();
  const server = spawn(join(bin, "postgres"), ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F"], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await waitUntilReady(server);
  return {
    url: `postgres://obs@127.0.0.1:${port}/postgres`,
    stop: async () => {
      const ended = once(server, "exit");
      server.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
