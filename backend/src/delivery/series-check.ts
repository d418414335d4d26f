/**
 * Asks an agent for its series again when the store does not have them, as after a reset: agents
 * send a series when it is new and once a day, and without it samples have no labels.
 *
 * Each life of an agent is looked at once, with its second batch of samples: with the first its
 * series may still be on their way.
 */

import { batchKeyToUInt128 } from "@obs/wire";
import type { IncomingBatch } from "../core/contracts.ts";
import type { Store } from "../core/store.ts";
import { param, sql, type Statement, TenantScope } from "../sql/sql.ts";

const MOST_AGENTS = 100_000;
const LOOK_AT = 2;

const seriesOfBatch = ({ policy, key }: IncomingBatch): Statement => {
  const scope = new TenantScope(policy.tenant);
  const ofBatch = sql`${scope.from("samples")} AND batch = ${param.uint128(batchKeyToUInt128(key))}`;
  return scope.statement(
    sql`SELECT (SELECT uniqExact(series) ${ofBatch}) AS sampled, (SELECT uniqExact(series) ${scope.from("series")} AND series IN (SELECT series ${ofBatch})) AS known`,
  );
};

export class SeriesCheck {
  readonly #store: Store;
  /** Batches of samples seen, by life of an agent and of the store. */
  readonly #seen = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** For a stored batch of samples. Never throws: what cannot be told now is not asked for. */
  async isMissing(batch: IncomingBatch): Promise<boolean> {
    const { agent, epoch } = batch.key;
    const life = `${batch.policy.tenant}/${agent}/${epoch}/${this.#store.bootId}`;
    const seen = (this.#seen.get(life) ?? 0) + 1;
    if (this.#seen.size >= MOST_AGENTS) this.#seen.clear();
    this.#seen.set(life, seen);
    if (seen !== LOOK_AT) return false;
    try {
      const [row] = await this.#store.read<{ sampled: string; known: string }>(seriesOfBatch(batch), { maxExecutionSeconds: 5 });
      return Number(row!.known) < Number(row!.sampled);
    } catch {
      return false;
    }
  }
}
