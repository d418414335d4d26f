/** The reference in docs/ is what the code says; `-u` writes it anew. */

import { expect, it } from "vitest";
import { configReference, httpReference, metricsReference } from "./reference.ts";
import { sqlReference } from "./sql-reference.ts";

it.each([
  ["config.md", configReference],
  ["http-api.md", httpReference],
  ["metrics.md", metricsReference],
  ["sql.md", sqlReference],
])("docs/%s is up to date", async (file, generate) => {
  await expect(generate()).toMatchFileSnapshot(`../docs/${file}`);
});
