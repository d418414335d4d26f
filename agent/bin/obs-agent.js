#!/usr/bin/env node
/**
 * Starts the agent from a checkout. Plain JavaScript that any Node understands, for two reasons: a
 * Node that is too old is told so instead of failing on the first type, and the compile cache is on
 * before the first TypeScript is read: Node's type stripper (a WebAssembly module of its own) is
 * then loaded only when a source has changed.
 */
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// In a folder of this user's own: in Node's default, under /tmp, somebody else could leave code for us.
module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "obs-agent"));

const LOWEST_NODE = [22, 18];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1])) {
  process.stderr.write(`obs-agent: Node ${process.versions.node} is too old: it needs ${LOWEST_NODE.join(".")} or later (npx -p node@24 -p obs-agent obs-agent)\n`);
  process.exit(1);
}
await import("../src/cli.ts");
