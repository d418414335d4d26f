/**
 * What happens to an agent besides kills: its backend is away, its disk is full, its buffer is
 * damaged, its clock is set, its files rotate. Each fault is a script; what is lost must be what the
 * agent says it lost, and nothing is stored twice.
 */

import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Status } from "obs-agent";
import { reportedRows } from "../system/agent-status.ts";
import type { AgentOptions } from "../system/agent.ts";
import { waitUntil } from "../tool/watch-process.ts";
import type { PythonRandom } from "../work/python-random.ts";
import { DAMAGE, sizesOf } from "./buffer-damage.ts";
import type { ChaosSystem } from "./chaos-system.ts";
import type { DelayingProxy } from "./delaying-proxy.ts";
import { ROTATIONS } from "./numbered-writer.ts";
import type { NumberedWriter } from "./numbered-writer.ts";

export const EDGE_FAULTS = ["outage", "restart-away", "disk-full", "damaged-buffer", "clock-jump", "rotation", "two-outputs"] as const;
export type EdgeFault = (typeof EDGE_FAULTS)[number];

export const POLICIES = ["push_back", "drop_oldest", "drop_newest"] as const;

export interface Stage {
  readonly system: ChaosSystem;
  readonly policy: EdgeOptions["policy"];
  readonly writer: NumberedWriter;
  readonly random: PythonRandom;
  readonly outageMs: number;
  /** Holds the shift of the agent's clock, ms. */
  readonly clockFile: string;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface EdgeOptions {
  readonly policy: (typeof POLICIES)[number];
  readonly clockFile: string;
}

const RESTARTS = 3;
const LIMIT_MS = 60_000;
const POLL_MS = 50;
/** A full buffer stays full for so long. */
const FULL_MS = 3_000;
const SETTLED_QUIET_MS = 2_000;
const HOUR_MS = 3_600_000;
const ROTATION_ROUNDS = 3;

/** How the agent is started for a fault. */
export const edgeAgent = (fault: EdgeFault, { policy, clockFile }: EdgeOptions): Pick<AgentOptions, "more" | "preload" | "env"> => {
  switch (fault) {
    case "disk-full":
      // As small as can be configured: lines of this kind compress well.
      return { more: { buffer: { max_size: "1MB", when_full: { file: policy } } } };
    case "two-outputs":
      // The policy is the second output's: what it drops makes room in a buffer as small as can be configured.
      return policy === "push_back" ? {} : { more: { buffer: { max_size: "1MB" } } };
    case "damaged-buffer":
      // Batches large enough to lie in segments.
      return { more: { batch: { linger: "1500ms" } } };
    case "clock-jump":
      return { preload: fileURLToPath(import.meta.resolve("./shifted-clock.ts")), env: { CHAOS_CLOCK_FILE: clockFile } };
    default:
      return {};
  }
};

const until = (what: string, { signal }: Stage, isTrue: () => boolean | Promise<boolean>): Promise<void> =>
  waitUntil(isTrue, { pollMs: POLL_MS, signal, limit: { ms: LIMIT_MS, late: () => `not so within ${LIMIT_MS / 1000} s: ${what}` } });

const statusOf = ({ system }: Stage): Promise<Status | undefined> => system.agentStatus().catch(() => undefined);

/** No more lines, and all that were written are acknowledged or reported. */
const drain = async (stage: Stage): Promise<void> => {
  const { system, writer } = stage;
  writer.pause();
  await until("every line is acknowledged or reported", stage, async () => {
    const status = await statusOf(stage);
    return status !== undefined && status.buffer.batches === 0 && system.proxy.acknowledgedRows + reportedRows(status) >= writer.written;
  });
};

const outage = async ({ system, outageMs, signal }: Stage, during: () => Promise<void> = async () => undefined): Promise<void> => {
  system.proxy.leave();
  const half = outageMs / 2;
  await sleep(half, undefined, { signal });
  await during();
  await sleep(half, undefined, { signal });
  system.proxy.comeBack();
};

const restartAway = (stage: Stage): Promise<void> =>
  outage(stage, async () => {
    for (let i = 0; i < RESTARTS; i++) {
      await stage.system.killAgent();
      stage.system.startAgent();
      await sleep(stage.outageMs / (2 * RESTARTS), undefined, { signal: stage.signal });
    }
  });

const fillBuffer = async (stage: Stage): Promise<void> => {
  stage.system.proxy.leave();
  await until("the buffer is full", stage, async () => {
    const status = await statusOf(stage);
    if (status) stage.onProgress(`the buffer holds ${status.buffer.bytes} of ${status.buffer.maxBytes} bytes, ${reportedRows(status)} rows dropped`);
    return status !== undefined && (status.buffer.bytes >= status.buffer.maxBytes || reportedRows(status) > 0);
  });
  await sleep(FULL_MS, undefined, { signal: stage.signal });
  stage.system.proxy.comeBack();
};

const damageBuffer = async (stage: Stage): Promise<void> => {
  const { system, writer, random, outageMs, signal, onProgress } = stage;
  for (const [what, damage] of Object.entries(DAMAGE)) {
    // Nothing may be under way: a batch that is stored and then damaged would be missing in the agent's books only.
    await drain(stage);
    system.proxy.leave();
    const before = sizesOf(system.agentDataDir);
    writer.resume();
    await sleep(outageMs / 3, undefined, { signal });
    await system.killAgent();
    if (!damage({ dataDir: system.agentDataDir, before, random })) throw new Error(`nothing to damage: ${what}`);
    onProgress(`damaged: ${what}`);
    system.startAgent();
    system.proxy.comeBack();
  }
};

const setClocks = async (stage: Stage): Promise<void> => {
  const { system, clockFile, onProgress } = stage;
  for (const shiftMs of [-HOUR_MS, 2 * HOUR_MS, -24 * HOUR_MS, 0]) {
    onProgress(`the agent's clock is off by ${shiftMs / HOUR_MS} h`);
    // In the middle of an outage: the times of the next tries are set already.
    await outage(stage, async () => writeFileSync(clockFile, String(shiftMs)));
    const { written } = stage.writer;
    await until("what was written before is acknowledged", stage, () => system.proxy.acknowledgedRows >= written);
  }
};

const rotate = async (stage: Stage): Promise<void> => {
  const { writer, signal, onProgress } = stage;
  writer.endRotation();
  for (let round = 0; round < ROTATION_ROUNDS; round++)
    for (const kind of ROTATIONS) {
      await until("the rotation before is over", stage, () => !writer.isRotating);
      onProgress(`rotation by ${kind}`);
      if (kind === "copytruncate") await drain(stage);
      writer.rotateAll(kind);
      if (kind === "copytruncate") writer.resume();
      await sleep(stage.outageMs / 10, undefined, { signal });
    }
};

/** Lines that the output of this proxy has, or that the agent says it never will. */
const settledBy = async (stage: Stage, proxy: DelayingProxy): Promise<number> => {
  const { system } = stage;
  const status = proxy === system.proxy ? undefined : (await statusOf(stage))?.outputs[0];
  return proxy.acknowledgedRows + (status ? reportedRows(status) : 0);
};

/** While one output is away, the agent is killed and the other gets every line; each is away once. */
const killOneOutput = async (stage: Stage): Promise<void> => {
  const { system, writer, policy, outageMs, signal, onProgress } = stage;
  const second = system.second!.proxy;
  // With a small buffer the main output, which pushes back, would hold up the second when it is away.
  const rounds = policy === "push_back" ? [[second, system.proxy], [system.proxy, second]] as const : [[second, system.proxy]] as const;
  for (const [dead, alive] of rounds) {
    onProgress(`the ${dead === second ? "second" : "main"} output is away`);
    dead.leave();
    await sleep(outageMs / 2, undefined, { signal });
    await system.killAgent();
    system.startAgent();
    await sleep(outageMs / 2, undefined, { signal });
    const { written } = writer;
    await until("the other output has every line", stage, async () => (await settledBy(stage, alive)) >= written);
    if (policy !== "push_back") await until("the output that is away has dropped", stage, async () => (await settledBy(stage, second)) > second.acknowledgedRows);
    dead.comeBack();
  }
};

export const EDGE: Readonly<Record<EdgeFault, (stage: Stage) => Promise<void>>> = {
  outage,
  "restart-away": restartAway,
  "disk-full": fillBuffer,
  "damaged-buffer": damageBuffer,
  "clock-jump": setClocks,
  rotation: rotate,
  "two-outputs": killOneOutput,
};

export interface Reported {
  readonly main: number;
  readonly second: number;
}

/** Until the agent has nothing left to read or send; resolves with what it says is lost. */
export const settled = async (stage: Stage): Promise<Reported> => {
  const { proxy, second } = stage.system;
  let last = "";
  let sinceMs = Date.now();
  let reported = { main: 0, second: 0 };
  await until("the agent has nothing left to send", stage, async () => {
    const status = await statusOf(stage);
    if (!status) return false;
    const [other] = status.outputs;
    reported = { main: reportedRows(status), second: other ? reportedRows(other) : 0 };
    const batches = status.buffer.batches + (other?.batches ?? 0);
    stage.onProgress(`${proxy.acknowledgedRows} of ${stage.writer.written} lines acknowledged, ${reported.main} reported as lost, ${batches} batches wait`);
    const now = `${proxy.acknowledgedRows} ${second?.proxy.acknowledgedRows} ${reported.main} ${reported.second} ${status.lines.lines}`;
    if (now !== last || batches > 0) [last, sinceMs] = [now, Date.now()];
    return proxy.inFlight() + (second?.proxy.inFlight() ?? 0) === 0 && Date.now() - sinceMs >= SETTLED_QUIET_MS;
  });
  return reported;
};
