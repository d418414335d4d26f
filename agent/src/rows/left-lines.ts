/** Whole lines that a block leaves to their source while their record may go on, and for how long. */

import type { LineStream } from "../core/contracts.ts";
import { BRIEF_MS, WAIT, type Wait } from "../multiline/index.ts";

const NS_PER_MS = 1_000_000n;

export class LeftLines {
  readonly #lingerMs: number;
  readonly #left = new WeakMap<LineStream, { readonly bytes: number; readonly sinceNs: bigint }>();

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /**
   * ms that the last `bytes` of a stream have still to wait; 0: they are to be taken. `isAgain`: they
   * are all that the source had, as they were if nothing has come since they were left before.
   */
  waitMs(stream: LineStream, bytes: number, isAgain: boolean, wait: Wait, nowNs: bigint): number {
    const before = this.#left.get(stream);
    // A clock that was set back must not make them wait for it.
    const sinceNs = isAgain && before?.bytes === bytes && before.sinceNs <= nowNs ? before.sinceNs : nowNs;
    const longestMs = wait === WAIT.BRIEFLY ? Math.min(BRIEF_MS, this.#lingerMs) : this.#lingerMs;
    const ms = longestMs - Number((nowNs - sinceNs) / NS_PER_MS);
    if (ms > 0) this.#left.set(stream, { bytes, sinceNs });
    else this.#left.delete(stream);
    return Math.max(ms, 0);
  }
}
