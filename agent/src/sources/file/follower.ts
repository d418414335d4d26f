/** Keeps the registry true: one task at a time, hints first, then the slow walk over all folders. */

import { dirname } from "node:path";
import { steadyMs, type Clock } from "../../core/clock.ts";
import { walk } from "./discovery.ts";
import { Doorbell } from "./doorbell.ts";
import type { FollowedFile } from "./followed-file.ts";
import type { PathFilter } from "./globs.ts";
import { namesIn, type Registry } from "./registry.ts";
import type { UnreadablePaths } from "./unreadable.ts";

/** Names looked at per pause while the agent runs: 250 a second, which costs about half a percent of a core. */
const PACE_NAMES = 50;
const PACE_MS = 200;

export interface FollowerParts {
  readonly registry: Registry;
  readonly filter: PathFilter;
  readonly unreadable: UnreadablePaths;
  readonly clock: Clock;
  readonly scanIntervalMs: number;
  /** After each scan and each round of hints. */
  readonly measured: () => void;
}

export class Follower {
  readonly #parts: FollowerParts;
  readonly #hints = new Set<string>();
  readonly #lost = new Set<FollowedFile>();
  readonly #searches = new Map<FollowedFile, number>();
  readonly #bell = new Doorbell();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** Something happened to this name. */
  hint(path: string): void {
    this.#hints.add(path);
    this.#bell.ring();
  }

  /** The file could not be opened by its name. */
  refind(file: FollowedFile): void {
    this.#lost.add(file);
    this.#bell.ring();
  }

  /** The file's content was replaced after `sinceMs`: copies of it may hold unread lines. */
  searchCopies(file: FollowedFile, sinceMs: number): void {
    this.#searches.set(file, Math.min(sinceMs, this.#searches.get(file) ?? Infinity));
    this.#bell.ring();
  }

  /** The first look at everything, without pauses; what was rotated away meanwhile comes first. */
  async begin(): Promise<void> {
    const { filter, registry } = this.#parts;
    const paths: string[] = [];
    for await (const path of walk(filter, this.#unreadable)) paths.push(path);
    // A rotated name is longer than the one it comes from, which has to be known by then.
    paths.sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
    await registry.begin(paths);
    this.#parts.measured();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, scanIntervalMs, measured } = this.#parts;
    signal.addEventListener("abort", () => this.#bell.ring(), { once: true });
    let nextScanMs = steadyMs(clock) + scanIntervalMs;
    while (!signal.aborted) {
      await this.#followHints(signal);
      if (steadyMs(clock) >= nextScanMs) {
        await this.#scan(signal);
        nextScanMs = steadyMs(clock) + scanIntervalMs;
      }
      measured();
      if (!signal.aborted) await this.#bell.wait(clock, nextScanMs - steadyMs(clock));
    }
  }

  async #scan(signal: AbortSignal): Promise<void> {
    const { filter, registry, clock } = this.#parts;
    const missing = new Set(registry.names());
    let names: string[] = [];
    const look = async (): Promise<void> => {
      const changed = await registry.changed(names);
      names = [];
      for (const path of changed) await registry.inspect(path);
      await this.#followHints(signal);
    };
    for await (const path of walk(filter, this.#unreadable)) {
      missing.delete(path);
      if (names.push(path) < PACE_NAMES) continue;
      await look();
      await this.#bell.wait(clock, PACE_MS);
      if (signal.aborted) return;
    }
    await look();
    if (signal.aborted) return;
    for (const path of missing) await registry.inspect(path);
  }

  async #followHints(signal: AbortSignal): Promise<void> {
    for (const path of this.#hints) {
      if (signal.aborted) return;
      this.#hints.delete(path);
      await this.#parts.registry.inspect(path);
    }
    for (const file of this.#lost) {
      this.#lost.delete(file);
      await this.#parts.registry.refind(file);
    }
    await this.#searchBeside();
  }

  /** One listing of a folder serves all searches in it: many files may begin at once. */
  async #searchBeside(): Promise<void> {
    const searches = [...this.#searches];
    this.#searches.clear();
    const names = new Map<string, readonly string[]>();
    for (const [{ stream }, sinceMs] of searches) {
      const folder = dirname(stream.path);
      if (!names.has(folder)) names.set(folder, await namesIn(folder));
      await this.#parts.registry.searchRotated(stream.path, sinceMs, names.get(folder)!);
    }
  }

  readonly #unreadable = (folder: string, code: string): void => this.#parts.unreadable.report(folder, code);
}
