/**
 * One run of another agent over a whole input. Its figures count only when every line came through:
 * all of them, and in w2, where nine of ten DEBUG lines are dropped, all others.
 */

import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Peer } from "../peers/peer.ts";
import { startPeerSink } from "../peers/peer-sink.ts";
import type { PeerSink } from "../peers/peer-sink.ts";
import type { Child } from "../tool/children.ts";
import type { ToolContext } from "../tool/run-tool.ts";
import { CostMeter, waitUntil } from "../tool/watch-process.ts";
import type { Input } from "./input.ts";
import type { Work } from "./works.ts";

type Context = Pick<ToolContext<{}>, "scratch" | "children" | "progress" | "signal">;

export interface PeerRun {
  readonly cpuSeconds: number;
  readonly peakRssMB: number;
  readonly wallSeconds: number;
  readonly wireBytes: number;
  readonly lines: number;
}

const POLL_MS = 250;
/** At rest: for this long nothing came, and it used less than that much CPU. */
const REST_MS = 3_000;
const REST_CPU_SECONDS = 0.06;
/** It has this long for its first byte. */
const FIRST_BYTE_MS = 30_000;
const RUN_LIMIT_MS = 600_000;
/** What is left of a compressed stream comes when the sender stops. */
const LAST_LINES_MS = 3_000;
/** Of the DEBUG lines a tenth stays, drawn at random by some; bounds that chance does not reach in works of some size. */
const DEBUG_SHARE = { least: 0.05, most: 0.15 };
const FEW_LINES = 1_000;

interface Reached {
  readonly cpuSeconds: number;
  readonly peakRssMB: number;
  readonly endedMs: number;
}

/** Undefined when everything that has to arrive has; otherwise what is wrong. */
const missing = (input: Input, work: Work, { totals, failure }: PeerSink): string | undefined => {
  if (failure !== undefined) return `what it sent could not be read: ${failure}`;
  const { lines, debugLines } = totals;
  if (!work.masked) return lines === input.lines ? undefined : `${lines} of ${input.lines} lines arrived`;
  const [others, wanted] = [lines - debugLines, input.lines - input.debugLines];
  if (others !== wanted) return `${others} of ${wanted} lines that are not DEBUG arrived`;
  const share = debugLines / input.debugLines;
  const isTenth = input.debugLines < FEW_LINES || (share >= DEBUG_SHARE.least && share <= DEBUG_SHARE.most);
  return isTenth ? undefined : `${debugLines} of ${input.debugLines} DEBUG lines arrived instead of a tenth`;
};

/** Until all has arrived, or the peer is at rest. In w2 nobody knows how many lines come: it ends at rest. */
const untilDone = async (context: Context, input: Input, work: Work, name: string, sink: PeerSink, peer: Child): Promise<Reached> => {
  const startedMs = Date.now();
  const last = { bytes: 0, movedMs: startedMs, cpuSeconds: 0, cpuMs: startedMs };
  const meter = new CostMeter(peer);
  let costs = meter.now();
  const isDone = async (): Promise<boolean> => {
    const nowMs = Date.now();
    if (!peer.running) throw new Error(`it ended (${await peer.exited})`);
    costs = meter.now();
    const { wireBytes, lines } = sink.totals;
    context.progress.update(`${name}: ${lines} of ${input.lines} lines`);
    if (wireBytes > last.bytes) Object.assign(last, { bytes: wireBytes, movedMs: nowMs });
    if (!work.masked && lines >= input.lines) return true;
    if (last.bytes === 0 && nowMs - startedMs > FIRST_BYTE_MS) throw new Error(`nothing arrived within ${FIRST_BYTE_MS / 1000} s`);
    if (costs.cpuSeconds - last.cpuSeconds > REST_CPU_SECONDS) Object.assign(last, { cpuSeconds: costs.cpuSeconds, cpuMs: nowMs });
    return last.bytes > 0 && nowMs - last.movedMs > REST_MS && nowMs - last.cpuMs > REST_MS;
  };
  const late = (): string => `not done within ${RUN_LIMIT_MS / 1000} s, ${sink.totals.lines} of ${input.lines} lines arrived`;
  await waitUntil(isDone, { pollMs: POLL_MS, signal: context.signal, limit: { ms: RUN_LIMIT_MS, late } });
  return { cpuSeconds: costs.cpuSeconds, peakRssMB: costs.peakRssMB, endedMs: last.movedMs };
};

/** Throws with a reason when the peer cannot do the work, or does not deliver every line. */
export const runPeer = async (context: Context, input: Input, work: Work, peer: Peer, name: string): Promise<PeerRun> => {
  const folder = join(context.scratch, name);
  mkdirSync(folder, { recursive: true });
  const sink = await startPeerSink(context.children, `${name}-sink`);
  let child: Child | undefined;
  try {
    const command = peer.prepare({ work, inputs: input.paths, folder, httpPort: sink.httpPort, tcpPort: sink.tcpPort });
    const startedMs = Date.now();
    child = context.children.start({ name, ...command });
    const { endedMs, ...figures } = await untilDone(context, input, work, name, sink, child);
    await child.stop();
    const deadline = Date.now() + LAST_LINES_MS;
    while (missing(input, work, sink) !== undefined && Date.now() < deadline) await sleep(POLL_MS);
    const wrong = missing(input, work, sink);
    if (wrong !== undefined) throw new Error(wrong);
    return { ...figures, wallSeconds: (endedMs - startedMs) / 1000, wireBytes: sink.totals.wireBytes, lines: sink.totals.lines };
  } finally {
    await child?.stop();
    await sink.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
