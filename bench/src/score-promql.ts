/** Scores PromQL against Prometheus' own acceptance cases. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "obs-backend/promql";
import { MemorySource, runCase } from "./score/promql.ts";
import type { Corpus } from "./score/promql.ts";
import { runTool } from "./tool/run-tool.ts";
import type { Outcome, ToolContext } from "./tool/run-tool.ts";

const OPTIONS = {
  file: { type: "string", default: "", description: "only this file of the corpus" },
  "all-failures": { type: "boolean", default: false, description: "every failure, not the first 20" },
} as const;

const MOST_FAILURES = 20;

const run = async ({ options, progress }: ToolContext<typeof OPTIONS>): Promise<Outcome> => {
  const folder = join(process.env["CORPORA"] ?? "../shared/corpora", "promql");
  const failures: string[] = [];
  const plain = { passed: 0, total: 0 };
  const all = { passed: 0, total: 0 };
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".json") && (options.file === "" || each === options.file)).sort()) {
    const { loads, cases } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Corpus;
    for (const [index, each] of cases.entries()) {
      progress.update(`${name}: ${index} of ${cases.length}`);
      const engine = new Engine({ source: new MemorySource(each.loads.map((load) => loads[load]!)), allowExperimental: true });
      const fault = await runCase(engine, each);
      const isPlain = each.needs.every((need) => need === "stale_markers");
      for (const group of isPlain ? [plain, all] : [all]) {
        group.total += 1;
        group.passed += fault === undefined ? 1 : 0;
      }
      if (fault !== undefined) failures.push(`${each.id}: ${each.expr}: ${fault}`);
    }
  }
  return { result: { plain, all, failures: options["all-failures"] ? failures : failures.slice(0, MOST_FAILURES) }, passed: true };
};

await runTool({ name: "score:promql", description: "Scores PromQL against Prometheus' acceptance cases.", options: OPTIONS, deadlineMs: () => 10 * 60_000, run });
