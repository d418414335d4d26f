/**
 * Walks the waiting batches in order, each once per process: first those found at start, then those
 * of this process, run by run (a run is one agent id and epoch). Memory does not grow with the
 * buffer: descriptions are read in small pages.
 */

import type { Database } from "./database.ts";
import { batchKeyIn, entryKey, rangeOf } from "./keys.ts";

const PAGE = 64;
/** Sorts after every batch key of a run. */
const END_OF_RUN = "~";

export interface FoundEntry {
  readonly batchKey: string;
  readonly value: Uint8Array;
  /** Found at start, or asked for again: the first delivery is a repeat. */
  readonly repeat: boolean;
}

export class EntryCursor {
  readonly #database: Database;
  readonly #output: string;
  readonly #bounds: { readonly gt: string; readonly lt: string };
  readonly #runs: string[];
  readonly #again: string[] = [];
  /** Written where the walk has not been yet, and left to `repeat`. */
  readonly #passedOver = new Set<string>();
  #page: FoundEntry[] = [];
  #at: string;
  #foundDone = false;
  #run = 0;

  /** `run` is the key prefix `<agent>-<epoch>-` of this process. */
  constructor(database: Database, output: string, run: string) {
    this.#database = database;
    this.#output = output;
    this.#bounds = rangeOf("i", output);
    this.#at = this.#bounds.gt;
    this.#runs = [run];
  }

  /** Batches of `run` come after those of all earlier runs. */
  beginRun(run: string): void {
    this.#runs.push(run);
  }

  /** Before the write of a batch that `repeat` will bring up: should it lie ahead, the walk does not stop there. */
  passOver(batchKey: string): void {
    const key = this.#keyOf(batchKey);
    if (key > this.#at && (!this.#foundDone || batchKey.startsWith(this.#runs[this.#run]!))) this.#passedOver.add(batchKey);
  }

  /** The batch comes up again, before any other. */
  repeat(batchKey: string): void {
    this.#again.push(batchKey);
  }

  async next(): Promise<FoundEntry | undefined> {
    while (this.#again.length > 0) {
      const batchKey = this.#again[0]!;
      const value = await this.#database.get(this.#keyOf(batchKey));
      this.#again.shift();
      if (value) return { batchKey, value, repeat: true };
    }
    if (this.#page.length === 0) this.#page = this.#foundDone ? await this.#pageOfRuns() : await this.#pageOfFound();
    return this.#page.shift();
  }

  async #pageOfFound(): Promise<FoundEntry[]> {
    for (;;) {
      const rows = await this.#read(this.#at, this.#bounds.lt);
      if (rows.length === 0) {
        this.#foundDone = true;
        this.#passedOver.clear();
        return this.#pageOfRuns();
      }
      const last = rows.at(-1)!.batchKey;
      const lastRun = this.#runs.find((run) => last.startsWith(run));
      this.#at = this.#keyOf(lastRun === undefined ? last : lastRun + END_OF_RUN);
      const found = this.#notPassedOver(rows).filter(({ batchKey }) => !this.#runs.some((run) => batchKey.startsWith(run)));
      if (found.length > 0) return found.map((row) => ({ ...row, repeat: true }));
    }
  }

  async #pageOfRuns(): Promise<FoundEntry[]> {
    for (;;) {
      const rows = await this.#readRun();
      if (rows.length > 0) {
        this.#at = this.#keyOf(rows.at(-1)!.batchKey);
        const left = this.#notPassedOver(rows);
        if (left.length > 0) return left;
        continue;
      }
      const next = this.#runs[this.#run + 1];
      if (next === undefined || (await this.#read(this.#keyOf(next), this.#keyOf(next + END_OF_RUN))).length === 0) return [];
      // A batch of the next run is durable, so every batch of this one is: one last look decides.
      if ((await this.#readRun()).length > 0) continue;
      this.#run += 1;
      this.#passedOver.clear();
    }
  }

  /** Of rows up to `at`: where the walk has been, nothing is left to pass over. */
  #notPassedOver(rows: FoundEntry[]): FoundEntry[] {
    const left = rows.filter(({ batchKey }) => !this.#passedOver.has(batchKey));
    for (const batchKey of this.#passedOver) if (this.#keyOf(batchKey) <= this.#at) this.#passedOver.delete(batchKey);
    return left;
  }

  #keyOf(batchKey: string): string {
    return entryKey("i", batchKey, this.#output);
  }

  #readRun(): Promise<FoundEntry[]> {
    const run = this.#keyOf(this.#runs[this.#run]!);
    return this.#read(this.#at.startsWith(run) && !this.#at.endsWith(END_OF_RUN) ? this.#at : run, run + END_OF_RUN);
  }

  async #read(gt: string, lt: string): Promise<FoundEntry[]> {
    const rows = await this.#database.iterator({ gt, lt, limit: PAGE }).all();
    return rows.map(([key, value]) => ({ batchKey: batchKeyIn(key), value, repeat: false }));
  }
}
