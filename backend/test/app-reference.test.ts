/** The reference in docs/ is what the code says; `-u` writes it anew. */

import { expect, it } from "vitest";
import { configReference, httpReference, metricsReference } from "./reference.ts";
import { sqlUserConfig } from "../src/store/sql-user.ts";
import { sqlReference } from "./sql-reference.ts";

it.each([
  ["config.md", configReference],
  ["http-api.md", httpReference],
  ["metrics.md", metricsReference],
  ["sql.md", sqlReference],
])("docs/%s is up to date", async (file, generate) => {
  await expect(generate()).toMatchFileSnapshot(`../docs/${file}`);
});

it("deploy/clickhouse/obs-sql.xml is what the embedded store's user is made of", async () => {
  await expect(sqlUserConfig()).toMatchFileSnapshot("../deploy/clickhouse/obs-sql.xml");
});
