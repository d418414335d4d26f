/** `obs-agent buffer ls|fsck|dump`: what is in the buffer. Changes nothing, and needs no stopped agent. */

import { batchKeyFromUInt128, decodeNative, formatBatchKey, type Stream } from "@obs/wire";
import { decompress } from "../codec/zstd.ts";
import { inspectBuffer, type FoundBatch, type Inspection } from "../inspect-buffer.ts";
import { AgentError } from "../errors.ts";
import { findBuffer } from "./configuration.ts";
import { listOf, switchOf, type Invocation } from "./definition.ts";

type Write = (text: string) => Promise<void>;

const isWanted = (keys: readonly string[], { key }: FoundBatch): boolean => keys.length === 0 || keys.some((wanted) => key.startsWith(wanted));

const instant = (ms: number | undefined): string => (ms === undefined ? "" : new Date(ms).toISOString());

/** Of batches of the main output nothing is said. */
const named = (output: string): { readonly output?: string } => (output === "" ? {} : { output });

const facts = ({ key, state, entry, output }: FoundBatch) =>
  entry
    ? { key, ...named(output), state, stream: entry.stream, rows: entry.rows, bytes: entry.bodyBytes, source: entry.source ?? "", since: instant(entry.sinceMs), ...(entry.reason !== undefined && { reason: entry.reason }), ...(entry.sealed && { encrypted: true }) }
    : { key, ...named(output), state, damaged: true as const };

const list = async (inspection: Inspection, keys: readonly string[], json: boolean, write: Write): Promise<number> => {
  const totals = { waiting: { batches: 0, rows: 0, bytes: 0 }, acknowledged: { batches: 0, rows: 0, bytes: 0 }, dead_letter: { batches: 0, rows: 0, bytes: 0 } };
  if (json) await write('{"batches":[');
  let first = true;
  for await (const batch of inspection.batches()) {
    if (!isWanted(keys, batch)) continue;
    const shown = facts(batch);
    const total = totals[batch.state];
    total.batches += 1;
    total.rows += batch.entry?.rows ?? 0;
    total.bytes += batch.entry?.bodyBytes ?? 0;
    if (json) await write(`${first ? "" : ","}${JSON.stringify(shown)}`);
    else if ("damaged" in shown) await write(`${shown.key}  ${shown.state.padEnd(12)}  the description is damaged\n`);
    else await write(`${shown.key}  ${shown.state.padEnd(12)}  ${shown.stream.padEnd(8)}  ${String(shown.rows).padStart(6)} rows  ${String(shown.bytes).padStart(8)} bytes  ${shown.since}${shown.output === undefined ? "" : `  to ${shown.output}`}${shown.source && `  ${shown.source}`}${shown.reason === undefined ? "" : `  ${shown.reason}`}\n`);
    first = false;
  }
  if (json) await write(`],"totals":${JSON.stringify(totals)}}\n`);
  else for (const [state, { batches, rows, bytes }] of Object.entries(totals)) await write(`${state}: ${batches} batches, ${rows} rows, ${bytes} bytes\n`);
  return 0;
};

interface Finding {
  readonly what: "index" | "description" | "body" | "rows" | "ledger";
  readonly key?: string;
  readonly output?: string;
  readonly state?: string;
  readonly stream?: Stream;
  /** Rows that are lost; absent: not known. */
  readonly rows?: number;
  readonly message: string;
}

/** undefined when it is what its description says. */
const faultOf = (batch: FoundBatch, body: Uint8Array | undefined): Finding | undefined => {
  const { key, state, entry } = batch;
  const output = named(batch.output);
  if (!entry) return { what: "description", key, ...output, state, message: "the description is damaged" };
  const about = { key, ...output, state, stream: entry.stream, rows: entry.rows };
  if (!body) return { what: "body", ...about, message: "the body is damaged or gone" };
  // It was damaged, or refused as malformed, before it came here.
  if (state === "dead_letter") return undefined;
  try {
    const rows = decodeNative(decompress(body, entry.rawBytes)).reduce((total, block) => total + block.rows, 0);
    return rows === entry.rows ? undefined : { what: "rows", ...about, message: `the body holds ${rows} rows, not ${entry.rows}` };
  } catch (error) {
    return { what: "rows", ...about, message: `the body is not a batch: ${(error as Error).message}` };
  }
};

const check = async (inspection: Inspection): Promise<{ readonly checked: number; readonly findings: Finding[] }> => {
  const findings: Finding[] = [];
  if (inspection.recovery !== "none") findings.push({ what: "index", message: "the index (LevelDB) does not open without a repair, which the agent makes at its next start" });
  const waitingRows = new Map<string, number>();
  let checked = 0;
  for await (const batch of inspection.batches()) {
    checked += 1;
    const signal = `${batch.output} ${batch.entry?.stream}`;
    if (batch.state === "waiting" && batch.entry) waitingRows.set(signal, (waitingRows.get(signal) ?? 0) + batch.entry.rows);
    const fault = faultOf(batch, await inspection.bodyOf(batch));
    if (fault) findings.push(fault);
  }
  for (const { output, stream, rows } of await inspection.gaps((of, signal) => waitingRows.get(`${of} ${signal}`) ?? 0)) findings.push({ what: "ledger", ...named(output), stream, rows: Math.abs(rows), message: rows > 0 ? "rows are missing without a trace" : "rows are there that were settled before" });
  return { checked, findings };
};

const nameOf = ({ state, output = "", key }: Pick<Finding, "state" | "output" | "key">): string => `${state} ${output} ${key}`;

const namesOf = async (inspection: Inspection): Promise<ReadonlySet<string>> => {
  const names = new Set<string>();
  for await (const batch of inspection.batches()) names.add(nameOf(batch));
  return names;
};

const fsck = async (folder: string, key: Uint8Array | undefined, json: boolean, write: Write): Promise<number> => {
  const { checked, findings: found } = await inspectBuffer(folder, key, check);
  // With an agent at work, a batch may have been settled and removed while it was looked at.
  const still = found.some(({ key: batch }) => batch !== undefined) ? await inspectBuffer(folder, key, namesOf) : new Set<string>();
  const findings = found.filter((finding) => finding.key === undefined || still.has(nameOf(finding)));
  if (json) await write(`${JSON.stringify({ folder, checked, findings })}\n`);
  else {
    for (const finding of findings) await write(`${[finding.key, finding.output, finding.state, finding.stream, finding.rows === undefined ? undefined : `${finding.rows} rows`].filter(Boolean).join("  ") || finding.what}: ${finding.message}\n`);
    await write(`${folder}: ${checked} batches checked, ${findings.length === 0 ? "all whole" : `${findings.length} findings`}\n`);
  }
  return findings.length === 0 ? 0 : 1;
};

const plainValue = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value);

const dump = async (inspection: Inspection, keys: readonly string[], write: Write): Promise<number> => {
  let damaged = 0;
  for await (const batch of inspection.batches()) {
    if (!isWanted(keys, batch) || (keys.length === 0 && batch.state === "acknowledged")) continue;
    const body = await inspection.bodyOf(batch);
    const fault = faultOf(batch, body);
    if (fault || !body) {
      damaged += 1;
      process.stderr.write(`obs-agent: ${batch.key}: ${fault?.message ?? "it cannot be read"}\n`);
      continue;
    }
    let blocks: ReturnType<typeof decodeNative>;
    try {
      blocks = decodeNative(decompress(body, batch.entry!.rawBytes));
    } catch (error) {
      damaged += 1;
      process.stderr.write(`obs-agent: ${batch.key}: ${(error as Error).message}\n`);
      continue;
    }
    for (const { rows, columns } of blocks)
      for (let row = 0; row < rows; row++) {
        const values = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, name === "batch" ? formatBatchKey(batchKeyFromUInt128(column[row] as bigint)) : column[row]]));
        await write(`${JSON.stringify({ ...named(batch.output), stream: batch.entry!.stream, ...values }, plainValue)}\n`);
      }
  }
  return damaged === 0 ? 0 : 1;
};

/** `write` resolves when there is room for more. */
const toStdout: Write = (text) => new Promise((resolve) => void (process.stdout.write(text) ? resolve() : process.stdout.once("drain", resolve)));

export const buffer = async (invocation: Invocation): Promise<number> => {
  const [action, ...keys] = invocation.args;
  const json = switchOf(invocation, "json");
  // A reader that has seen enough (head) is no fault.
  process.stdout.on("error", () => process.exit(0));
  const { folder, key } = await findBuffer(listOf(invocation, "config"));
  switch (action) {
    case "ls":
      return inspectBuffer(folder, key, (inspection) => list(inspection, keys, json, toStdout));
    case "fsck":
      return fsck(folder, key, json, toStdout);
    case "dump":
      return inspectBuffer(folder, key, (inspection) => dump(inspection, keys, toStdout));
    default:
      throw new AgentError("usage", `buffer takes ls, fsck or dump${action === undefined ? "" : `, not "${action}"`} (obs-agent help)`);
  }
};
