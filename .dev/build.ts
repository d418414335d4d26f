/** `npm run build`: JavaScript for publishing, bottom up. Running from the repository needs none of it. */

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundleAgent } from "./bundle-agent.ts";
import { root, step } from "./steps.ts";

for (const folder of ["agent/wire", "agent", "backend"]) {
  rmSync(join(root, folder, "dist"), { recursive: true, force: true });
  if (!(await step(`compile ${folder}`, "tsc", ["-p", `${folder}/tsconfig.build.json`]))) process.exit(1);
}
// What the compiler does not take along.
const rowPass = join("rows", "wasm", "row-pass.wasm");
mkdirSync(join(root, "agent", "dist", "rows", "wasm"), { recursive: true });
copyFileSync(join(root, "agent", "src", rowPass), join(root, "agent", "dist", rowPass));
await bundleAgent();
if (!(await step("bundle backend/web", "vite", ["build", "backend/web"]))) process.exit(1);
