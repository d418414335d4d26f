/** `npm run lint`: types, lint rules, direction of imports. All are run, then it fails if one did. */

import { step } from "./steps.ts";

const results = [
  await step("types", "tsc", ["-p", "tsconfig.json"]),
  await step("types of the dashboard", "tsc", ["-p", "backend/web/tsconfig.json"]),
  await step("lint rules", "oxlint", ["--quiet"]),
  await step("direction of imports", "depcruise", ["--config", ".dependency-cruiser.cjs", "--output-type", "err", "agent", "backend/src", "backend/test", "backend/web/src", "bench", "plugins"]),
];

process.exit(results.every(Boolean) ? 0 : 1);
