/** Bounds the commits under way: the next block fills while the last ones become durable. */

import type { Commit, CommitTarget } from "./batch-buffer.ts";

export class CommitGate {
  readonly #buffer: CommitTarget;
  readonly #maxUnderWay: number;
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;

  constructor(buffer: CommitTarget, maxUnderWay: number) {
    this.#buffer = buffer;
    this.#maxUnderWay = maxUnderWay;
  }

  get isOpen(): boolean {
    return this.#underWay.size < this.#maxUnderWay;
  }

  /** Resolves when one more commit may begin; rejects when an earlier one failed for good. */
  async opened(): Promise<void> {
    while (!this.isOpen) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  begin(commit: Commit): Promise<void> {
    const done = this.#buffer.commit(commit);
    const settled = done
      .catch((error: unknown) => (this.#failure = error))
      .then(() => void this.#underWay.delete(settled));
    this.#underWay.add(settled);
    return done;
  }

  async allDone(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
