/**
 * Before a repeat may look what is stored, no insert that holds its batch may still be able to
 * store something.
 *
 * Where that could be:
 * 1. an insert of this process whose answer got lost (`lost`): it ends with the store's life, or
 *    is in `system.processes`, or has not begun; it does not begin after `beginByMs`;
 * 2. with a store that others can write to: in another backend, where it begins within D of its
 *    receipt, or in the store, left behind by a backend that died.
 * An insert names its members in its query id, so that 2 is seen in `system.processes`.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { BatchKey } from "@obs/wire";
import type { Store } from "../core/store.ts";
import { type Fragment, param, sql, systemStatement } from "../sql/sql.ts";

const PREFIX = "obs-insert";
const POLL_MS = 50;

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Epoch and sequence name a batch well enough: a namesake only makes a repeat wait longer. */
export const memberName = ({ epoch, seq }: BatchKey): string => hex(epoch) + hex(seq);

/** The same members make the same id, and ClickHouse runs no two queries of one id. */
export const queryIdOf = (stream: string, keys: readonly BatchKey[]): string => [`${PREFIX}-${stream}`, ...keys.map(memberName)].join(".");

interface LostInsert {
  readonly queryId: string;
  readonly bootId: string;
  readonly beginByMs: number;
}

export interface FenceOptions {
  readonly store: Store;
  readonly clock: () => number;
  readonly beginWithinMs: number;
  /** How long an insert may run once it has begun. */
  readonly maxExecutionMs: number;
}

export class Fence {
  readonly #options: FenceOptions;
  #lost: LostInsert[] = [];
  #polling: Promise<ReadonlySet<string>> | undefined;

  constructor(options: FenceOptions) {
    this.#options = options;
  }

  /** An insert of ours ended without an answer. */
  lost(queryId: string, beginByMs: number): void {
    this.#lost.push({ queryId, beginByMs, bootId: this.#options.store.bootId });
  }

  /**
   * Resolves when nothing that holds the batch can store any more: `waited` tells whether there was
   * something. `clear` is false when the time was up; the batch must then be refused for now.
   */
  async pass(key: BatchKey, receivedAtMs: number): Promise<{ clear: boolean; waited: boolean }> {
    const { clock, beginWithinMs, maxExecutionMs, store } = this.#options;
    const name = `.${memberName(key)}`;
    const giveUpAt = receivedAtMs + 2 * beginWithinMs + maxExecutionMs;
    let waited = false;
    for (;;) {
      const unborn = this.#mayBegin(name);
      const elsewhere = !store.exclusive && clock() <= receivedAtMs + beginWithinMs;
      // Exclusive and nothing lost: every insert of this life of the store was answered to us.
      if (store.exclusive && !this.#isLost(name)) return { clear: true, waited };
      const running = await this.#running();
      const runs = [...running].some((queryId) => (queryId + ".").includes(`${name}.`));
      waited ||= runs || unborn;
      if (!runs && !unborn && !elsewhere) {
        this.#forget(name);
        return { clear: true, waited };
      }
      if (clock() > giveUpAt) return { clear: false, waited };
      await delay(POLL_MS);
    }
  }

  #ours(name: string): LostInsert[] {
    const { bootId } = this.#options.store;
    // A query does not outlive its server. Behind a URL the boot id may come late: keep them.
    if (this.#options.store.exclusive) this.#lost = this.#lost.filter((insert) => insert.bootId === bootId);
    return this.#lost.filter(({ queryId }) => `${queryId}.`.includes(`${name}.`));
  }

  #isLost(name: string): boolean {
    return this.#ours(name).length > 0;
  }

  #mayBegin(name: string): boolean {
    return this.#ours(name).some(({ beginByMs }) => this.#options.clock() <= beginByMs);
  }

  /** Only what can begin no more: it was not running when last looked at. */
  #forget(name: string): void {
    const over = new Set(this.#ours(name));
    const now = this.#options.clock();
    const horizon = now - this.#options.maxExecutionMs - this.#options.beginWithinMs;
    // Other members of the same insert ask about it too; it is dropped when none can any more.
    this.#lost = this.#lost.filter((insert) => !over.has(insert) || insert.beginByMs > horizon);
  }

  /** Query ids of all inserts in the store; those who ask at once share one look. */
  #running(): Promise<ReadonlySet<string>> {
    this.#polling ??= this.#look().finally(() => (this.#polling = undefined));
    return this.#polling;
  }

  async #look(): Promise<ReadonlySet<string>> {
    const { cluster } = this.#options.store;
    const processes: Fragment =
      cluster === undefined ? sql`system.processes` : sql`clusterAllReplicas(${param.string(cluster)}, system.processes)`;
    const rows = await this.#options.store.readSystem<{ id: string }>(
      systemStatement(sql`SELECT DISTINCT initial_query_id AS id FROM ${processes} WHERE startsWith(initial_query_id, ${param.string(PREFIX)})`),
      { maxExecutionSeconds: 5 },
    );
    return new Set(rows.map(({ id }) => id));
  }
}
