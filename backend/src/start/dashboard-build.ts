/** Builds the dashboard when its build is missing or older than its sources. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the build is made from, besides the folders. */
const SOURCE_FILES = ["index.html", "package.json", "vite.config.ts"];
const SOURCE_FOLDERS = ["src", "public"];

const mtimeMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const newest = (folder: string): number =>
  existsSync(folder) ? Math.max(0, ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => mtimeMs(join(folder, name)))) : 0;

/** False also where there are no sources: an installed package brings its build. */
export const dashboardIsStale = (webDir: string): boolean => {
  if (!existsSync(join(webDir, "src"))) return false;
  const built = mtimeMs(join(webDir, "dist", "index.html"));
  const changed = Math.max(...SOURCE_FILES.map((file) => mtimeMs(join(webDir, file))), ...SOURCE_FOLDERS.map((folder) => newest(join(webDir, folder))));
  return changed > built;
};

/** Runs Vite. Throws with the end of its output when it fails. */
export const buildDashboard = async (webDir: string): Promise<void> => {
  const vite = spawn(join(webDir, "node_modules", ".bin", process.platform === "win32" ? "vite.cmd" : "vite"), ["build", "--logLevel", "warn"], {
    cwd: webDir,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let output = "";
  for (const stream of [vite.stdout, vite.stderr]) stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  const [code] = (await once(vite, "close")) as [number | null];
  if (code !== 0) throw new Error(`vite build failed:\n${output.trim()}`);
};
