/**
 * Batches of several threads, durable in the order of their keys (cursor.ts relies on it). A shard of
 * this thread takes a key and commits in one tick; one of another thread reserves a key, encodes and
 * compresses, and commits later.
 *
 * Invariant: a commit is handed on when every key that was reserved before it (before its own key, if
 * that was reserved) has been handed on or given up. Positions that travel without a batch queue like
 * any other commit, so that they never overtake older ones of the same file.
 */

import { formatBatchKey } from "@obs/wire";
import type { Commit, CommitTarget, OrderedTarget } from "../core/batch-buffer.ts";

export class KeyOrder {
  /** In order of keys: what begins each commit; undefined while a reserved key has none. */
  readonly #line = new Map<string | symbol, (() => void) | undefined>();

  /** The target, in order with all others of this object. */
  over(target: CommitTarget): OrderedTarget {
    return {
      nextKey: () => target.nextKey(),
      whenRoom: (signal) => target.whenRoom(signal),
      commit: (commit) => new Promise((resolve, reject) => this.#enter(commit, () => void target.commit(commit).then(resolve, reject))),
      reserveKey: () => {
        const key = target.nextKey();
        this.#line.set(formatBatchKey(key), undefined);
        return key;
      },
      giveUp: (key) => {
        if (this.#line.has(key)) this.#line.set(key, () => {});
        this.#advance();
      },
    };
  }

  #enter({ batches }: Commit, begin: () => void): void {
    const reserved = batches.findLast(({ key }) => this.#line.has(key));
    this.#line.set(reserved?.key ?? Symbol("commit"), begin);
    this.#advance();
  }

  #advance(): void {
    for (const [key, begin] of this.#line) {
      if (!begin) return;
      this.#line.delete(key);
      begin();
    }
  }
}
