/**
 * The containers of this host as docker knows them: listed once, then kept current by events. When
 * the connection ends, everything is listed again.
 */

import type { Clock } from "../../core/clock.ts";
import type { ContainerBook, ContainerCounters, Description } from "../containers/contracts.ts";
import { persist } from "../../core/persist.ts";
import { WaitingRoom } from "../containers/waiting-room.ts";
import { describeContainer, describeUnknown, type DescribeOptions } from "./describe.ts";
import type { Engine, InspectedContainer } from "./engine.ts";

/** Removed containers that are still known: their last lines are read after they are gone. */
const MAX_REMOVED = 1_000;

export interface ContainerWatchOptions extends DescribeOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly counters: ContainerCounters<string, "containers_known">;
  readonly metadataWaitMs: number;
  /** After the first failure of a row of them. */
  readonly failed: (error: unknown) => void;
  /** A container is new or has changed. */
  readonly changed: (container: InspectedContainer, description: Description) => void;
  readonly removed: (id: string) => void;
}

/** Of `/var/lib/docker/containers/<id>/<id>-json.log`, or of the stream `api/<id>`. */
const containerIdOf = (log: string): string => /\/([0-9a-f]{12,64})(?:-json\.log)?$/.exec(log)?.[1] ?? "";

export class ContainerWatch implements ContainerBook {
  readonly #options: ContainerWatchOptions;
  readonly #known = new Map<string, Description>();
  readonly #removed = new Set<string>();
  readonly #unknown = new Map<string, Description>();
  readonly #room: WaitingRoom;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ContainerWatchOptions) {
    this.#options = options;
    this.#room = new WaitingRoom(options.clock, options.metadataWaitMs, () => options.counters.add("metadata_late"));
  }

  start(signal: AbortSignal): void {
    const { clock, counters, failed } = this.#options;
    const report = (error: unknown): void => {
      counters.add("metadata_errors");
      failed(error);
    };
    this.#running = persist((succeeded) => this.#watch(signal, succeeded), { clock, signal, failed: report });
  }

  async stopped(): Promise<void> {
    this.#room.close();
    await this.#running;
  }

  describe(log: string): Description {
    const id = containerIdOf(log);
    const known = this.#known.get(id) ?? this.#unknown.get(id);
    if (known) return known;
    const unknown = describeUnknown(id);
    this.#unknown.set(id, unknown);
    return unknown;
  }

  hold(log: string): Promise<void> | undefined {
    const id = containerIdOf(log);
    return id === "" || this.#known.has(id) ? undefined : this.#room.wait(id);
  }

  async #watch(signal: AbortSignal, succeeded: () => void): Promise<void> {
    const { engine } = this.#options;
    // Events first: what happens while the list is read is told by them.
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    const events = await engine.events(either);
    try {
      const ids = new Set(await engine.list(signal));
      for (const id of ids) await this.#look(id, signal);
      for (const id of this.#known.keys()) if (!ids.has(id)) this.#remove(id);
      succeeded();
      for await (const { Action: action, Actor: { ID: id } = {} } of events) {
        if (id === undefined) continue;
        if (action === "destroy") this.#remove(id);
        else await this.#look(id, signal);
      }
    } finally {
      connection.abort();
    }
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    const { engine, changed } = this.#options;
    const container = await engine.inspect(id, signal);
    if (!container) return this.#remove(id);
    const description = describeContainer(container, this.#options);
    const known = this.#known.get(id);
    const isSame = known !== undefined && JSON.stringify(known) === JSON.stringify(description);
    if (!isSame) this.#known.set(id, description);
    this.#removed.delete(id);
    this.#unknown.delete(id);
    this.#room.arrived(id);
    this.#measure();
    changed(container, isSame ? known : description);
  }

  #remove(id: string): void {
    if (!this.#known.has(id) || this.#removed.has(id)) return;
    this.#removed.add(id);
    if (this.#removed.size > MAX_REMOVED) {
      const oldest = this.#removed.values().next().value!;
      this.#removed.delete(oldest);
      this.#known.delete(oldest);
    }
    this.#measure();
    this.#options.removed(id);
  }

  #measure(): void {
    this.#options.counters.set("containers_known", this.#known.size - this.#removed.size);
  }
}
