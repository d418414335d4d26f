/** The worker threads of a process, by their numbers from 0. A thread runs while a shard is open in it. */

import { WorkerThread } from "./worker-thread.ts";

export class WorkerPool {
  readonly #entry: URL;
  readonly #onLost: (error: Error) => void;
  readonly #threads = new Map<number, WorkerThread>();

  constructor(entry: URL, onLost: (error: Error) => void) {
    this.#entry = entry;
    this.#onLost = onLost;
  }

  thread(index: number): WorkerThread {
    let thread = this.#threads.get(index);
    if (!thread) this.#threads.set(index, (thread = new WorkerThread(this.#entry, this.#onLost)));
    return thread;
  }

  /** Ends the thread if no shard is open in it any more. */
  async release(index: number): Promise<void> {
    const thread = this.#threads.get(index);
    if (!thread || thread.isUsed) return;
    this.#threads.delete(index);
    await thread.end();
  }
}
