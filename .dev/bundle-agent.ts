/**
 * The agent as it is published: one file per command instead of some 500 modules, which is a third
 * of the CPU and a sixth of the memory of its start (agent/docs/decisions/0056). Packages with
 * native parts stay packages.
 *
 *   node .dev/bundle-agent.ts [NAME]        agent/dist/NAME/cli.js, NAME is bundle by default
 */

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { root } from "./steps.ts";

const NATIVE = ["level", /^zstd-napi/];
/** Read at run time, beside the module that reads it. */
const ASSETS = ["wasm/row-pass.wasm"];

export const bundleAgent = async (name = "bundle"): Promise<void> => {
  const folder = join(root, "agent", "dist", name);
  rmSync(folder, { recursive: true, force: true });
  const bundle = await rolldown({ input: { cli: join(root, "agent", "src", "cli.ts"), "line-worker": join(root, "agent", "src", "line-worker.ts") }, platform: "node", external: NATIVE, logLevel: "warn" });
  // Flat: what a module finds beside itself by import.meta.url is beside every chunk.
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
  await bundle.close();
  for (const asset of ASSETS) {
    mkdirSync(join(folder, asset, ".."), { recursive: true });
    copyFileSync(join(root, "agent", "src", "rows", asset), join(folder, asset));
  }
};

if (import.meta.main) await bundleAgent(process.argv[2]);
