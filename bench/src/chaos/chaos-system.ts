/**
 * The system under attack: the real backend, the real agent, and the proxies between them.
 *
 *   files -> agent -> [DelayingProxy] -> backend -> [SlowStore, fault orphan only] -> ClickHouse
 *                  -> [SecondBackend, fault two-outputs only]
 *
 * The store is the backend's embedded one. For the fault `orphan` it is a store process of this
 * tool's own, because the embedded one dies with its backend and an orphan could not commit.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { agentDataDir, agentProcess } from "../system/agent.ts";
import type { AgentOptions } from "../system/agent.ts";
import { agentStatus } from "../system/agent-status.ts";
import { backendProcess, createApiKey, readStoreRecord, untilReady } from "../system/backend.ts";
import { freePort } from "../tool/free-port.ts";
import { commandLine } from "../tool/process-tree.ts";
import { waitUntil } from "../tool/watch-process.ts";
import type { Wait } from "../tool/watch-process.ts";
import type { Status } from "obs-agent";
import { Restartable } from "../tool/children.ts";
import type { Children } from "../tool/children.ts";
import type { PythonRandom } from "../work/python-random.ts";
import type { Target, Victims } from "./assassin.ts";
import { DelayingProxy } from "./delaying-proxy.ts";
import { DeliveryCounts } from "./delivery-counts.ts";
import type { DeliveryTotals } from "./delivery-counts.ts";
import type { StoreAccess } from "./look-for-numbers.ts";
import { OwnStore } from "./own-store.ts";
import { SecondBackend } from "./second-backend.ts";
import type { Orphans } from "./slow-store.ts";

/** Faults that the assassin's kills make worse. */
export const KILL_FAULTS = ["multi-day", "orphan"] as const;

export interface ChaosOptions {
  readonly children: Children;
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** Where the writer's files are. */
  readonly folder: string;
  /** Inserts are slower than a restart, behind a store of the tool's own. */
  readonly hasOrphans: boolean;
  /** The agent has a second output, with this policy. */
  readonly secondWhenFull?: string | undefined;
  readonly agent: Pick<AgentOptions, "more" | "preload" | "env">;
  readonly ackDelayMs: number;
  readonly random: PythonRandom;
}

/**
 * How many inserts are slow under the fault `orphan`, and how long they take: most end within the
 * 10 s in which an insert must have begun and so commit late, some after it and are refused.
 */
const SLOW_SHARE = 0.4;
const INSERT_DELAY_MS = { least: 1000, spread: 11_000 };
/** A restart of the backend takes 1 to 3 s on two busy cores; an orphan must outlive it. */
const LEAST_ORPHAN_MS = 4000;
/** Under the fault `orphan` every repeat waits for at least 10 s. */
const RECOVERY_LIMIT_MS = 30_000;
const FIRST_ROWS_LIMIT_MS = 60_000;
const RECOVERY_POLL_MS = 10;
const DELIVERY_STALL_MS = 45_000;
const DELIVERY_POLL_MS = 100;
/** Nothing further may arrive for so long after the last line was acknowledged. */
const QUIET_MS = 1500;

export class ChaosSystem implements Victims {
  readonly proxy: DelayingProxy;
  readonly second: SecondBackend | undefined;
  readonly #options: ChaosOptions;
  readonly #backend: Restartable;
  readonly #agent: Restartable;
  readonly #counts: DeliveryCounts;
  readonly #ownStore: OwnStore | undefined;
  readonly #dataDir: string;

  private constructor(parts: {
    options: ChaosOptions;
    proxy: DelayingProxy;
    second: SecondBackend | undefined;
    backend: Restartable;
    agent: Restartable;
    counts: DeliveryCounts;
    ownStore: OwnStore | undefined;
    dataDir: string;
  }) {
    this.#options = parts.options;
    this.proxy = parts.proxy;
    this.second = parts.second;
    this.#backend = parts.backend;
    this.#agent = parts.agent;
    this.#counts = parts.counts;
    this.#ownStore = parts.ownStore;
    this.#dataDir = parts.dataDir;
  }

  static async start(options: ChaosOptions): Promise<ChaosSystem> {
    const { children, scratch, signal, hasOrphans, random } = options;
    const dataDir = join(scratch, "backend");
    mkdirSync(dataDir, { recursive: true });
    const ownStore = hasOrphans ? await OwnStore.start(join(scratch, "store"), () => (random.random() < SLOW_SHARE ? INSERT_DELAY_MS.least + random.below(INSERT_DELAY_MS.spread) : 0)) : undefined;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const backend = new Restartable(children, backendProcess({ dataDir, port, ...(ownStore ? { storeUrl: ownStore.backendUrl } : {}) }));
    await untilReady(url, backend, signal);
    const proxy = new DelayingProxy(url, options.ackDelayMs);
    const second =
      options.secondWhenFull === undefined ? undefined : await SecondBackend.start({ children, dataDir: join(scratch, "second"), ackDelayMs: options.ackDelayMs, whenFull: options.secondWhenFull, signal });
    const agent = new Restartable(
      children,
      agentProcess({
        name: "agent",
        folder: join(scratch, "agent"),
        endpoint: await proxy.listen(),
        apiKey: await createApiKey(dataDir),
        include: [join(options.folder, "*.log")],
        // With the default of 10 s a run of a hundred kills would be spent waiting.
        retryLongest: "1s",
        ...options.agent,
        more: { ...options.agent.more, ...(second && { outputs: [second.output] }) },
      }),
    );
    return new ChaosSystem({ options, proxy, second, backend, agent, counts: new DeliveryCounts(url), ownStore, dataDir });
  }

  /** What is in it may be damaged while the agent is dead. */
  get agentDataDir(): string {
    return agentDataDir(join(this.#options.scratch, "agent"));
  }

  async killAgent(): Promise<void> {
    await this.#agent.kill();
  }

  startAgent(): void {
    this.#agent.start();
  }

  /** Throws while the agent does not answer. */
  agentStatus(): Promise<Status> {
    return agentStatus(this.agentDataDir);
  }

  inFlight(target: Target): boolean {
    if (this.#ownStore) return this.#ownStore.slow.held(LEAST_ORPHAN_MS) > 0;
    return this.proxy.inFlight(target === "store" ? "committing" : undefined) > 0;
  }

  async kill(target: Target): Promise<boolean> {
    switch (target) {
      case "agent":
        await this.#agent.killAndRestart();
        return true;
      case "backend":
        this.#counts.endOfLife();
        await this.#backend.killAndRestart(() => this.proxy.cut());
        return true;
      case "store":
        return await this.#killStore();
    }
  }

  /** Until the agent has been told that so many rows are stored. Throws when that takes too long. */
  async acknowledged(rows: number): Promise<void> {
    const late = (): string => `only ${this.proxy.acknowledgedRows} of the first ${rows} rows were acknowledged within ${FIRST_ROWS_LIMIT_MS / 1000} s`;
    await this.#until(() => this.proxy.acknowledgedRows >= rows, { pollMs: RECOVERY_POLL_MS, signal: this.#options.signal, limit: { ms: FIRST_ROWS_LIMIT_MS, late } });
  }

  /** The kills are over: what is left is delivered at full speed. */
  relent(): void {
    this.#ownStore?.slow.hurry();
  }

  /** Until another batch is acknowledged: everything runs again. */
  async recovered(): Promise<void> {
    const before = this.proxy.acknowledgedBatches;
    const limit = Date.now() + RECOVERY_LIMIT_MS;
    await this.#until(() => this.proxy.acknowledgedBatches !== before || Date.now() >= limit, { pollMs: RECOVERY_POLL_MS, signal: this.#options.signal });
  }

  /** Until the agent has been told that every line is stored, or nothing moves any more. */
  async delivered(lines: number, onProgress: (text: string) => void, signal: AbortSignal): Promise<void> {
    let rows = -1;
    let movedMs = Date.now();
    const isOver = (): boolean => {
      const now = this.proxy.acknowledgedRows;
      if (now !== rows) [rows, movedMs] = [now, Date.now()];
      const quietMs = Date.now() - movedMs;
      onProgress(`waiting for delivery: ${now} of ${lines} lines acknowledged`);
      return (now >= lines && quietMs >= QUIET_MS && this.proxy.inFlight() === 0) || quietMs >= DELIVERY_STALL_MS;
    };
    await this.#until(isOver, { pollMs: DELIVERY_POLL_MS, signal });
  }

  async storeAccess(): Promise<StoreAccess> {
    if (this.#ownStore) return this.#ownStore.access;
    const { url, users } = await readStoreRecord(this.#dataDir);
    return { url, user: users.writer.username, password: users.writer.password };
  }

  deliveryCounts(): Promise<DeliveryTotals> {
    return this.#counts.finalTotals();
  }

  /** Inserts that ended after their backend had died; only known for the fault `orphan`. */
  get orphans(): Readonly<Orphans> {
    return this.#ownStore?.slow.orphans ?? { committed: 0, refused: 0 };
  }

  async stop(): Promise<void> {
    this.#counts.stop();
    await this.#agent.stop();
    await this.#backend.stop();
    await this.proxy.close();
    await this.second?.stop();
    await this.#ownStore?.stop();
  }

  /** Only kills may end them: a process that ends by itself is a finding. */
  #until(isTrue: () => boolean, wait: Omit<Wait, "watched">): Promise<void> {
    return waitUntil(isTrue, { ...wait, watched: { agent: () => this.#agent.child, backend: () => this.#backend.child } });
  }

  /** The embedded store is the backend's child: its record in the data folder says which process it is. */
  async #killStore(): Promise<boolean> {
    const record = await readStoreRecord(this.#dataDir).catch(() => undefined);
    // It may be dead already, with the backend that the kill before hit; the pid may be another's by now.
    if (record === undefined || !commandLine(record.store.pid).includes(this.#dataDir)) return false;
    process.kill(record.store.pid, "SIGKILL");
    return true;
  }
}
