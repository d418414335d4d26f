/**
 * Appends numbered JSON lines at a steady rate to several files that rotate. Every number is
 * written exactly once, in whole: what a table holds more or less of afterwards is obs' doing.
 *
 * Made hard on purpose: chunks end in the middle of a line, and files rotate in both of the ways
 * that lose nothing by themselves:
 * - `rename`: the file is renamed, its writer goes on with the old handle for a while, and only
 *   then is there a new file under the name;
 * - `create-then-rename`: the new file takes lines under another name before the renames.
 * And when told to (`rotateAll`):
 * - `delete`: as `rename`, but the file loses its only name;
 * - `copytruncate`, which loses lines written between its copy and its truncate, and those that
 *   nobody has read by then: only while the writer pauses and all is read.
 */

import { closeSync, copyFileSync, mkdirSync, openSync, renameSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { PythonRandom } from "../work/python-random.ts";

const TICK_MS = 10;
/** A stalled process catches up by at most this many lines a tick. */
const MOST_LINES_PER_TICK = 2000;
const TORN_SHARE = 0.2;

export interface WriterOptions {
  readonly folder: string;
  readonly files: number;
  readonly linesPerSecond: number;
  /** Mean time between two rotations of one file. */
  readonly rotateEveryMs: number;
  /** Timestamp of a line, ms since 1970. */
  readonly stamp: (number: number) => number;
  readonly random: PythonRandom;
}

export const ROTATIONS = ["rename", "create-then-rename", "delete", "copytruncate"] as const;
export type Rotation = (typeof ROTATIONS)[number];

/** The message of line `number`; the proof compares it, so that a torn or mixed line shows. */
export const messageOf = (number: number): string => `line ${number} of chaos`;

const lineOf = (number: number, timestampMs: number): string =>
  `{"timestamp":"${new Date(timestampMs).toISOString()}","level":"INFO","service":"chaos","number":${number},"message":"${messageOf(number)}"}\n`;

class RotatingFile {
  readonly #path: string;
  readonly #random: PythonRandom;
  readonly #rotateEveryMs: number;
  #file: number;
  #rotations = 0;
  #rotateAtMs: number;
  /** Set between the rename of a file and the creation of its successor. */
  #reopenAtMs: number | undefined;
  /** End of a line whose beginning is in the file already. */
  #torn = "";

  constructor(path: string, rotateEveryMs: number, random: PythonRandom) {
    this.#path = path;
    this.#random = random;
    this.#rotateEveryMs = rotateEveryMs;
    this.#file = openSync(path, "a");
    this.#rotateAtMs = this.#nextRotation();
  }

  get rotations(): number {
    return this.#rotations;
  }

  write(text: string): void {
    const whole = this.#torn + text;
    const cut = this.#random.random() < TORN_SHARE ? whole.length - 1 - this.#random.below(40) : whole.length;
    writeSync(this.#file, whole.slice(0, cut), null, "latin1");
    this.#torn = whole.slice(cut);
  }

  /** Rotates or reopens when it is time; called between writes. */
  tend(): void {
    const now = Date.now();
    if (this.#reopenAtMs !== undefined) {
      if (now >= this.#reopenAtMs) this.#reopen();
    } else if (now >= this.#rotateAtMs) this.rotate(this.#random.random() < 0.5 ? "rename" : "create-then-rename");
  }

  /** Whether the writer still writes to a file that was rotated away. */
  get isRotating(): boolean {
    return this.#reopenAtMs !== undefined;
  }

  close(): void {
    this.finishLine();
    closeSync(this.#file);
  }

  rotate(kind: Rotation): void {
    this.#rotations++;
    const rotated = `${this.#path}.${this.#rotations}`;
    switch (kind) {
      case "rename":
      case "delete":
        if (kind === "rename") renameSync(this.#path, rotated);
        else unlinkSync(this.#path);
        this.#reopenAtMs = Date.now() + this.#random.below(400);
        return;
      case "copytruncate":
        copyFileSync(this.#path, rotated);
        truncateSync(this.#path);
        break;
      case "create-then-rename":
        this.#moveOn(rotated);
    }
    this.#rotateAtMs = this.#nextRotation();
  }

  #moveOn(rotated: string): void {
    this.finishLine();
    const next = openSync(`${this.#path}.next`, "a");
    closeSync(this.#file);
    this.#file = next;
    renameSync(this.#path, rotated);
    renameSync(`${this.#path}.next`, this.#path);
  }

  #reopen(): void {
    this.finishLine();
    closeSync(this.#file);
    this.#file = openSync(this.#path, "a");
    this.#reopenAtMs = undefined;
    this.#rotateAtMs = this.#nextRotation();
  }

  finishLine(): void {
    writeSync(this.#file, this.#torn, null, "latin1");
    this.#torn = "";
  }

  #nextRotation(): number {
    return Date.now() + this.#rotateEveryMs * (0.5 + this.#random.random());
  }
}

export class NumberedWriter {
  readonly #options: WriterOptions;
  readonly #files: readonly RotatingFile[];
  #written = 0;
  #startedMs = 0;
  /** 0 = it does not pause. */
  #pausedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #rotates = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    this.#files = Array.from(
      { length: options.files },
      (_, i) => new RotatingFile(join(options.folder, `chaos-${i}.log`), options.rotateEveryMs, options.random),
    );
  }

  /** Lines so far: the numbers 0 to `written - 1`. */
  get written(): number {
    return this.#written;
  }

  get rotations(): number {
    return this.#files.reduce((sum, file) => sum + file.rotations, 0);
  }

  start(): void {
    this.#startedMs = Date.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** From now on files rotate. Before an agent has seen a file it cannot know that there was one. */
  beginRotation(): void {
    this.#rotates = true;
  }

  /** Ends every line; no more come until `resume`. */
  pause(): void {
    if (this.#pausedMs === 0) this.#pausedMs = Date.now();
    for (const file of this.#files) file.finishLine();
  }

  resume(): void {
    this.#startedMs += Date.now() - this.#pausedMs;
    this.#pausedMs = 0;
  }

  /** Rotates every file, unless its last rotation is still under way. */
  rotateAll(kind: Rotation): void {
    for (const file of this.#files) if (!file.isRotating) file.rotate(kind);
  }

  /** From now on files rotate only when told to. */
  endRotation(): void {
    this.#rotates = false;
  }

  get isRotating(): boolean {
    return this.#files.some((file) => file.isRotating);
  }

  /** Ends every line and closes the files. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const file of this.#files) file.close();
  }

  #tick(): void {
    for (const file of this.#files) if (this.#rotates || file.isRotating) file.tend();
    if (this.#pausedMs > 0) return;
    const due = Math.floor(((Date.now() - this.#startedMs) / 1000) * this.#options.linesPerSecond) - this.#written;
    const lines = Math.min(due, MOST_LINES_PER_TICK);
    if (lines <= 0) return;
    let text = "";
    for (let i = 0; i < lines; i++) text += lineOf(this.#written + i, this.#options.stamp(this.#written + i));
    this.#files[this.#options.random.below(this.#files.length)]!.write(text);
    this.#written += lines;
  }
}
