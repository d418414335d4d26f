/** A file source on a folder of its own, for tests: real files, real events, real time. */

import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../core/clock.ts";
import type { Source } from "../../core/contracts.ts";
import { createLog } from "../../core/log.ts";
import { createFileSource, fileSourceSchema, type FileSourceInput } from "./index.ts";
import { RecordingShard } from "./recording-shard.ts";

const DEADLINE_MS = 10_000;

/** Polls until the check holds; says what it last saw when it never does. */
export const until = async (check: () => boolean, seen: () => unknown = () => ""): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${JSON.stringify(seen())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

export class Harness {
  readonly folder = mkdtempSync(join(tmpdir(), "obs-file-source-"));
  readonly shards: readonly RecordingShard[];
  readonly events: Record<string, number> = {};
  readonly gauges: Record<string, number> = {};
  readonly warnings: string[] = [];
  /** How often the source has come to rest: after each scan and each round of hints. */
  scans = 0;
  readonly #options: Partial<FileSourceInput>;
  #source: Source | undefined;
  #written = 0;

  constructor(options: Partial<FileSourceInput> = {}, inputBytes?: number, leaveMs?: number, shards = 1) {
    this.#options = options;
    const positions = new Map<string, Uint8Array>();
    this.shards = Array.from({ length: shards }, () => new RecordingShard(inputBytes, leaveMs, positions));
  }

  /** The one, or the first of them. */
  get shard(): RecordingShard {
    return this.shards[0]!;
  }

  /** All lines of all shards, durable or not. */
  texts(): string[] {
    return this.shards.flatMap((shard) => shard.texts());
  }

  unblock(): void {
    for (const shard of this.shards) shard.unblock();
  }

  async flush(): Promise<void> {
    for (const shard of this.shards) await shard.flush();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  mkdir(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
  }

  async start(options: Partial<FileSourceInput> = {}): Promise<void> {
    const quick = { readFrom: "beginning", pollIntervalMs: 20, scanIntervalMs: 100, rotatedQuietMs: 200 } as const;
    const include = [this.path("*.log")];
    const parsed = fileSourceSchema.parse({ include, ...quick, ...this.#options, ...options });
    this.#source = createFileSource(parsed, this.shards, {
      positions: new Map(this.shard.positions),
      clock: systemClock,
      log: createLog({ level: "info", format: "text", write: (line) => this.warnings.push(line) }),
      host: "web-01",
      counters: {
        add: (event, by = 1) => (this.events[event] = (this.events[event] ?? 0) + by),
        set: (gauge, value) => {
          this.gauges[gauge] = value;
          if (gauge === "files_followed") this.scans++;
        },
      },
    });
    await this.#source.start();
  }

  async stop(): Promise<void> {
    await this.#source?.stop();
    this.#source = undefined;
  }

  /** What kill -9 leaves: only what was durable. */
  async kill(): Promise<void> {
    await this.stop();
    for (const shard of this.shards) shard.crash();
  }

  get isRunning(): boolean {
    return this.#source !== undefined;
  }

  /** Appends numbered lines, each number once. */
  write(name: string, count: number, filler = ""): void {
    let text = "";
    for (let line = 0; line < count; line++) text += `line ${this.#written++}${filler}\n`;
    appendFileSync(this.path(name), text);
  }

  get written(): number {
    return this.#written;
  }

  /** Numbers that are missing and that are there twice. */
  account(): { lost: number[]; repeated: number[]; strange: string[] } {
    const counts = Array.from({ length: this.#written }, () => 0);
    const strange: string[] = [];
    for (const text of this.texts()) {
      const number = /^line (\d+)x*$/.exec(text)?.[1];
      if (number === undefined || Number(number) >= counts.length) strange.push(text);
      else counts[Number(number)]!++;
    }
    const numbersWith = (wanted: (count: number) => boolean): number[] => counts.flatMap((count, number) => (wanted(count) ? [number] : []));
    return { lost: numbersWith((count) => count === 0), repeated: numbersWith((count) => count > 1), strange };
  }

  /** Waits until every written line was read; does not wait for a source that is not running. */
  async drained(): Promise<void> {
    if (!this.#source) return;
    await until(() => this.texts().length >= this.#written, () => this.account());
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
