/**
 * Kills obs while it works and looks for every line afterwards: a writer appends numbered lines to
 * files that rotate, a proxy holds acknowledgements back after the commit, agent, backend and store
 * are killed with -9 most often while something is in flight, and at the end every number must be
 * in ClickHouse exactly once.
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runAssassin, TARGETS } from "./chaos/assassin.ts";
import type { Kill, Target } from "./chaos/assassin.ts";
import { ChaosSystem, KILL_FAULTS } from "./chaos/chaos-system.ts";
import { EDGE, EDGE_FAULTS, edgeAgent, POLICIES, settled } from "./chaos/edge-faults.ts";
import type { EdgeFault, Stage } from "./chaos/edge-faults.ts";
import { stampNow, stampOverDays } from "./chaos/line-stamps.ts";
import { lookForNumbers } from "./chaos/look-for-numbers.ts";
import type { Verdict } from "./chaos/look-for-numbers.ts";
import { NumberedWriter } from "./chaos/numbered-writer.ts";
import { runTool } from "./tool/run-tool.ts";
import type { Outcome, ToolContext } from "./tool/run-tool.ts";
import { rounded } from "./tool/statistics.ts";
import { PythonRandom } from "./work/python-random.ts";

/** Of all kills so many must have hit something in flight. */
const LEAST_HIT_SHARE = 0.8;
const ROTATE_EVERY_MS = 4000;
const FILES = 3;
const isEdgeFault = (fault: string): fault is EdgeFault => (EDGE_FAULTS as readonly string[]).includes(fault);

/** After this long every file has lines. */
const FIRST_LINES_MS = 1000;

const OPTIONS = {
  kills: { type: "integer", default: 20, min: 0, max: 1000, description: "kills in all" },
  target: { type: "choice", choices: ["all", ...TARGETS], default: "all", description: "whom to kill; --fault orphan kills the backend" },
  "ack-delay-ms": { type: "integer", default: 150, min: 0, max: 10_000, description: "how long acknowledgements are held back after the commit" },
  fault: { type: "choice", choices: ["", ...KILL_FAULTS, ...EDGE_FAULTS], default: "", description: "multi-day: batches over 1, 2 and 30 days; orphan: inserts slower than a restart; the others befall the agent, without kills" },
  "outage-seconds": { type: "integer", default: 8, min: 1, max: 3600, description: "how long the backend is away each time, for faults without kills" },
  policy: { type: "choice", choices: POLICIES, default: "push_back", description: "what a full buffer does, for --fault disk-full; the second output's, for --fault two-outputs (it cannot drop_newest)" },
  seed: { type: "integer", default: 1, min: 0, max: 2 ** 32 - 1, description: "of everything random" },
  rate: { type: "integer", default: 8000, min: 1, max: 100_000, description: "lines per second" },
} as const;

type Context = ToolContext<typeof OPTIONS>;

const targetsOf = ({ options }: Context): readonly Target[] => {
  if (options.fault === "orphan") return ["backend"];
  return options.target === "all" ? TARGETS : [options.target];
};

const killEverything = async (context: Context, system: ChaosSystem, writer: NumberedWriter): Promise<Kill[]> => {
  const { options, progress, signal } = context;
  const kills: Kill[] = [];
  await runAssassin(system, {
    targets: targetsOf(context),
    kills: options.kills,
    // A stream of its own: the writer's draws depend on how fast the machine is.
    random: new PythonRandom(options.seed),
    mostAimMs: Math.max(50, options["ack-delay-ms"]),
    signal,
    onKill: (kill) => {
      kills.push(kill);
      const hits = kills.filter(({ hit }) => hit).length;
      progress.update(
        `${kills.length} of ${options.kills} kills, ${hits} in flight, ${writer.written} lines written, ${system.proxy.acknowledgedRows} acknowledged`,
      );
    },
  });
  return kills;
};

const isExact = ({ lost, duplicated, damaged }: Pick<Verdict, "lost" | "duplicated" | "damaged">): boolean => lost === 0 && duplicated === 0 && damaged === 0;

const countByTarget = (kills: readonly Kill[]): Record<string, number> =>
  Object.fromEntries(TARGETS.map((name) => [name, kills.filter(({ target }) => target === name).length]));

const run = async (context: Context): Promise<Outcome> => {
  const { options, scratch, progress, signal } = context;
  const startedMs = Date.now();
  progress.update("starting");
  const folder = join(scratch, "logs");
  const random = new PythonRandom(options.seed + 1);
  const writer = new NumberedWriter({
    folder,
    files: FILES,
    linesPerSecond: options.rate,
    rotateEveryMs: ROTATE_EVERY_MS,
    stamp: options.fault === "multi-day" ? stampOverDays(random) : stampNow,
    random,
  });
  const clockFile = join(scratch, "clock");
  const edge = isEdgeFault(options.fault) ? options.fault : undefined;
  const hasSecond = edge === "two-outputs";
  if (hasSecond && options.policy === "drop_newest") throw new Error("an output pushes back or drops its oldest batches: --policy push_back or drop_oldest");
  const system = await ChaosSystem.start({ ...context, folder, hasOrphans: options.fault === "orphan", ...(hasSecond && { secondWhenFull: options.policy }), agent: edge ? edgeAgent(edge, { policy: options.policy, clockFile }) : {}, ackDelayMs: options["ack-delay-ms"], random: new PythonRandom(options.seed + 2) });
  try {
    writer.start();
    await sleep(FIRST_LINES_MS, undefined, { signal });
    await system.acknowledged(writer.written);
    writer.beginRotation();
    const stage: Stage = { system, policy: options.policy, writer, random, outageMs: options["outage-seconds"] * 1000, clockFile, signal, onProgress: (text) => progress.update(text) };
    const kills = edge ? [] : await killEverything(context, system, writer);
    if (edge) await EDGE[edge](stage);
    system.relent();
    await system.recovered();
    writer.stop();
    if (!edge) await system.delivered(writer.written, (text) => progress.update(text), signal);
    const { main: reported, second: reportedBySecond } = edge ? await settled(stage) : { main: system.proxy.refusedRows, second: 0 };
    progress.update(`looking for ${writer.written} lines`);
    const { rows, lost, duplicated, damaged, firstLost, firstDuplicated } = await lookForNumbers(await system.storeAccess(), writer.written);
    const second = system.second && (await lookForNumbers(await system.second.storeAccess(), writer.written));
    const killsInFlight = kills.filter(({ hit }) => hit).length;
    const result = {
      written: writer.written,
      kills: kills.length,
      killsInFlight,
      repeats: system.proxy.repeats,
      ...(await system.deliveryCounts()),
      lost: lost - reported,
      duplicated,
      reported,
      damaged,
      rows,
      killsByTarget: countByTarget(kills),
      rotations: writer.rotations,
      batches: system.proxy.acknowledgedBatches,
      orphansCommitted: system.orphans.committed,
      orphansRefused: system.orphans.refused,
      seconds: rounded((Date.now() - startedMs) / 1000, 1),
      seed: options.seed,
      firstLost,
      firstDuplicated,
      ...(second && { second: { ...second, lost: second.lost - reportedBySecond, reported: reportedBySecond } }),
    };
    const exact = isExact(result) && (result.second === undefined || isExact(result.second));
    return { result, passed: exact && killsInFlight >= LEAST_HIT_SHARE * kills.length };
  } finally {
    writer.stop();
    await system.stop();
  }
};

await runTool({
  name: "chaos",
  description: "Kills agent, backend and store while they work, and looks for every line afterwards.",
  options: OPTIONS,
  deadlineMs: ({ kills, "outage-seconds": outageSeconds }) => 5 * 60_000 + kills * 20_000 + outageSeconds * 10_000,
  run,
});
