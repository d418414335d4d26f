// The direction of imports (CONTRIBUTING.md, "Direction"). `npm run lint` enforces it.

const only = (name, from, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: from, pathNot: "\\.test\\.ts$" },
  to: { path: "^(agent|backend|bench|plugins|sdk-node|sdk-browser)/", pathNot: [from, ...allowed] },
});

/** Folders of one package that must not know each other; they meet in core/ and are wired above. */
const siblings = (root, family = [], tops = []) => ({
  name: `siblings-${root.replaceAll("/", "-")}`,
  severity: "error",
  comment: "Siblings do not import each other: they share types in core/ and are wired in pipeline.ts or app.ts.",
  from: { path: `^${root}/([^/]+)/`, pathNot: ["\\.test\\.ts$", ...tops.map((name) => `^${root}/${name}/`), ...family.map((name) => `^${root}/${name}/`)] },
  to: { path: `^${root}/[^/]+/`, pathNot: [`^${root}/$1/`, `^${root}/(core|sql|config)/`, ...family.map((name) => `^${root}/${name}/`)] },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^(node:|bun:)" } },
    only("wire-imports-nothing", "^agent/wire/", [], "The wire is the bottom: no dependencies."),
    { name: "wire-no-packages", severity: "error", from: { path: "^agent/wire/src/", pathNot: "\\.test\\.ts$" }, to: { dependencyTypes: ["npm", "npm-dev", "npm-optional"] } },
    only("agent-imports-wire", "^agent/(src|test)/", ["^agent/wire/src/index\\.ts$"], "The agent imports the wire's public entry at most."),
    only("backend-imports", "^backend/(src|test)/", ["^agent/wire/src/index\\.ts$", "^agent/src/index\\.ts$"], "The backend imports the wire's and the agent's public entries at most."),
    only("web-imports-itself", "^backend/web/", [], "The dashboard talks to the HTTP API only."),
    only("plugins-import-the-interface", "^plugins/", ["^agent/src/plugin\\.ts$"], "A plugin in this repository uses what every plugin may use."),
    only("bench-imports-entries", "^bench/", ["^agent/wire/src/index\\.ts$", "^agent/src/index\\.ts$", "^backend/src/(index|testing|promql)\\.ts$", "^agent/src/(rows/log-block|codec/zstd)\\.ts$"], "bench imports public entries; row-pass measures the row pass alone."),
    { name: "nobody-imports-bench", severity: "error", from: { pathNot: "^bench/" }, to: { path: "^bench/" } },
    { name: "tests-are-leaves", severity: "error", from: { pathNot: "\\.test\\.tsx?$" }, to: { path: "\\.test\\.tsx?$" } },
    siblings("agent/src", ["rows", "parsers", "mask", "codec", "multiline"], ["cli"]),
    { name: "nobody-imports-cli", severity: "error", from: { path: "^agent/src/", pathNot: ["^agent/src/cli/", "^agent/src/(cli|docs-reference)\\.ts$", "\\.test\\.ts$"] }, to: { path: "^agent/src/cli/" } },
    siblings("agent/src/sources", ["containers", "docker", "kubernetes"]),
    siblings("backend/src"),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|testdata)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"], extensions: [".ts", ".tsx", ".js", ".mjs"] },
  },
};
