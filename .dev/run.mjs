// Starts a script of this repository under the Node that the workspace brings along (Node 24 from
// npm), on a machine that has only some Node >= 18 and npm. Installs first when the lock file has
// changed. Plain JavaScript of 2022 on purpose: this file runs on the machine's own Node.
//
//   node .dev/run.mjs SCRIPT [ARGS...]

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_PACKAGE = "node@24.21.0";
const PNPM_PACKAGE = "pnpm@12";
const LOWEST_NODE_MAJOR = 18;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node");
const stamp = join(root, "node_modules", ".obs-installed");
const MANIFESTS = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"];

const fail = (message) => {
  process.stderr.write(`obs: ${message}\n`);
  process.exit(1);
};

const wanted = () => {
  const hash = createHash("sha256");
  for (const file of MANIFESTS) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
};

const installed = () => existsSync(bin) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted();

const install = () => {
  const terminal = process.stderr.isTTY;
  process.stderr.write("obs: installing (the first time this fetches Node 24 and ClickHouse, about 250 MB) ...\n");
  const started = Date.now();
  const reporter = terminal ? "default" : "append-only";
  // pnpm's own output goes to stderr: stdout belongs to the script, which may print JSON there.
  const result = spawnSync(
    "npm",
    ["exec", "--yes", `--package=${NODE_PACKAGE}`, `--package=${PNPM_PACKAGE}`, "--", "pnpm", "install", "--frozen-lockfile", `--reporter=${reporter}`],
    { cwd: root, stdio: terminal ? ["ignore", 2, 2] : ["ignore", "pipe", "pipe"], shell: process.platform === "win32" },
  );
  if (result.error) fail(`cannot run npm: ${result.error.message}`);
  if (result.status !== 0) {
    if (!terminal) process.stderr.write(Buffer.concat([result.stdout, result.stderr]));
    fail("the installation failed (see above). Is the npm registry reachable? Try again, or run: npx pnpm@12 install");
  }
  writeFileSync(stamp, wanted());
  process.stderr.write(`obs: installed in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
};

if (Number.parseInt(process.versions.node, 10) < LOWEST_NODE_MAJOR)
  fail(`Node ${process.versions.node} is too old: any Node >= ${LOWEST_NODE_MAJOR} can start obs, which brings its own Node 24`);

const [script, ...args] = process.argv.slice(2);
if (!script) fail("usage: node .dev/run.mjs SCRIPT [ARGS...]");
if (!installed()) install();

const child = spawn(bin, [join(root, script), ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}${process.platform === "win32" ? ";" : ":"}${process.env.PATH ?? ""}` },
});
// A terminal sends its signals to the whole group; these handlers only keep us alive until the
// script has stopped cleanly. A signal sent to us alone is passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
// npm ends the shell between us, and nothing else, when it is told to stop: being adopted by another
// process is then the only sign of it.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
child.on("error", (error) => fail(`cannot start Node 24: ${error.message}`));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
