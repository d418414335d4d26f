/** Builds the dashboard when its build is missing or older than its sources. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
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

/** Runs Vite beside the old build, then puts the new one in its place. Throws with the end of Vite's output. */
export const buildDashboard = async (webDir: string): Promise<void> => {
  const draft = join(webDir, "node_modules", `.dashboard-${process.pid}`);
  try {
    await runVite(webDir, draft);
    const built = join(webDir, "dist");
    rmSync(built, { recursive: true, force: true });
    renameSync(draft, built);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
};

const runVite = async (webDir: string, outDir: string): Promise<void> => {
  const windows = process.platform === "win32";
  const vite = spawn(join(webDir, "node_modules", ".bin", windows ? "vite.cmd" : "vite"), ["build", "--logLevel", "warn", "--emptyOutDir", "--outDir", outDir], {
    cwd: webDir,
    stdio: ["ignore", "pipe", "pipe"],
    shell: windows,
  });
  let output = "";
  for (const stream of [vite.stdout, vite.stderr]) stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  const [code] = (await once(vite, "close")) as [number | null];
  if (code !== 0) throw new Error(`vite build failed:\n${output.trim()}`);
};
