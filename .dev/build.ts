/** `npm run build`: JavaScript for publishing, bottom up. Running from the repository needs none of it. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { root, step } from "./steps.ts";

for (const folder of ["agent/wire", "agent", "backend"]) {
  rmSync(join(root, folder, "dist"), { recursive: true, force: true });
  if (!(await step(`compile ${folder}`, "tsc", ["-p", `${folder}/tsconfig.build.json`]))) process.exit(1);
}
if (!(await step("bundle backend/web", "vite", ["build", "backend/web"]))) process.exit(1);
