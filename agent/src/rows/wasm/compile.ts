/**
 * Makes row-pass.wasm of row-pass.ts, which is AssemblyScript. Committed, so that neither users nor
 * tests need the compiler; row-pass.test.ts holds the two equal.
 *
 *   node agent/src/rows/wasm/compile.ts
 */

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** The module's own data (there is none to speak of) stays below the arena: ARENA_BASE in arena.ts. */
const FLAGS = ["--runtime", "stub", "--importMemory", "--noExportMemory", "-O3", "--noAssert", "--converge", "--enable", "simd", "--enable", "bulk-memory", "--use", "abort="];

export const compileRowPass = (target: string): void => {
  const compiler = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const source = fileURLToPath(new URL("./row-pass.ts", import.meta.url));
  execFileSync(process.execPath, [compiler, source, "--outFile", target, ...FLAGS], { stdio: ["ignore", "inherit", "inherit"] });
};

if (import.meta.main) compileRowPass(fileURLToPath(new URL("./row-pass.wasm", import.meta.url)));
