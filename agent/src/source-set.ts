/**
 * The sources that run, and how one set of them becomes another while the agent works.
 *
 * Invariants
 * - A source whose plan has the same key goes on untouched.
 * - Every other source of the old set has stopped, and what it read is durable, before the first of
 *   the new set is opened: two sources never read one file, and the new one finds its positions.
 * - When one of the new set does not start, the old set is opened again, and the fault is thrown.
 */

import type { Source } from "./core/contracts.ts";

export interface OpenSource {
  readonly source: Source;
  /** Makes durable what the source has handed on. */
  flush(): Promise<void>;
  /** Lets go what the source has outside of this thread. After the last flush. */
  close?(): Promise<void>;
}

/** A source as a configuration asks for it. */
export interface SourcePlan {
  /** Everything that the source was made from: an equal key is the same source. */
  readonly key: string;
  open(): OpenSource;
}

interface Running extends OpenSource {
  readonly plan: SourcePlan;
}

export interface Replaced {
  readonly kept: number;
  readonly stopped: number;
  readonly started: number;
}

/** Two groups that are the same twice are two sources. */
const numbered = (plans: readonly SourcePlan[]): [string, SourcePlan][] => {
  const seen = new Map<string, number>();
  return plans.map((plan) => {
    const times = (seen.get(plan.key) ?? 0) + 1;
    seen.set(plan.key, times);
    return [`${times} ${plan.key}`, plan];
  });
};

export class SourceSet {
  #running = new Map<string, Running>();
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;

  start(plans: readonly SourcePlan[]): Promise<Replaced> {
    return this.replace(plans, () => Promise.resolve());
  }

  /** `beforeOpening` runs between the last flush and the first opening. One replacement at a time. */
  replace(plans: readonly SourcePlan[], beforeOpening: () => Promise<void>): Promise<Replaced> {
    const turn = this.#turn.then(() => this.#replace(plans, beforeOpening));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async flush(): Promise<void> {
    for (const { flush } of this.#running.values()) await flush();
  }

  /** Stops reading. What was read is with the shards: `flush` makes it durable. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#turn;
    await Promise.all(Array.from(this.#running.values(), ({ source }) => source.stop()));
  }

  /** After `stop` and the last flush. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#running.values(), ({ close }) => close?.()));
  }

  async #replace(plans: readonly SourcePlan[], beforeOpening: () => Promise<void>): Promise<Replaced> {
    const before = this.#running;
    const wanted = new Map(numbered(plans));
    const kept = new Map([...before].filter(([key]) => wanted.has(key)));
    const leaving = [...before].filter(([key]) => !wanted.has(key));
    await close(leaving.map(([, running]) => running));
    this.#running = kept;
    await beforeOpening();
    const opened = new Map<string, Running>();
    try {
      for (const [key, plan] of wanted) if (!kept.has(key) && !this.#stopping) await openInto(opened, key, plan);
    } catch (error) {
      await close([...opened.values()]);
      await beforeOpening();
      const again = new Map<string, Running>();
      for (const [key, { plan }] of leaving) if (!this.#stopping) await openInto(again, key, plan);
      this.#running = new Map([...kept, ...again]);
      throw error;
    }
    this.#running = new Map([...kept, ...opened]);
    return { kept: kept.size, stopped: leaving.length, started: opened.size };
  }
}

const openInto = async (target: Map<string, Running>, key: string, plan: SourcePlan): Promise<void> => {
  const opened = plan.open();
  target.set(key, { ...opened, plan });
  await opened.source.start();
};

/** A flush that fails is no reason to stay: what is not durable is read again from its position. */
const close = async (leaving: readonly Running[]): Promise<void> => {
  await Promise.all(leaving.map(({ source }) => source.stop()));
  await Promise.allSettled(leaving.map(({ flush }) => flush()));
  await Promise.all(leaving.map(({ close }) => close?.()));
};
