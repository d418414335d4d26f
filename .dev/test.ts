/**
 * `npm test [-- --no-skips] [FILTER...]`: all tests, with their progress. What was skipped because
 * the machine lacks something (PostgreSQL, Chromium, strace) is named at the end; `--no-skips`
 * makes that a failure, which is how `.ci/run` calls it.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root, run } from "./steps.ts";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[];
}

const args = process.argv.slice(2);
const noSkips = args.includes("--no-skips");
const filters = args.filter((arg) => arg !== "--no-skips");

const folder = mkdtempSync(join(tmpdir(), "obs-test-"));
const reportFile = join(folder, "report.json");
const code = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...filters]);
const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
rmSync(folder, { recursive: true });

const skipped = report.testResults.flatMap((file) =>
  file.assertionResults
    .filter(({ status }) => status === "skipped" || status === "pending" || status === "todo")
    .map(({ fullName }) => `${relative(root, file.name)}: ${fullName}`),
);
if (skipped.length > 0) process.stdout.write(`\nSkipped:\n${skipped.map((name) => `  ${name}\n`).join("")}`);
process.stdout.write(`\n${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped.length} skipped\n`);
if (code === 0 && noSkips && skipped.length > 0) process.stderr.write("Tests were skipped, and --no-skips was asked for.\n");
process.exit(code !== 0 || (noSkips && skipped.length > 0) ? 1 : 0);
