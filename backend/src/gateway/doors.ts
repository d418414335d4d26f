/**
 * The JSON doors: validate, limit, hand on to the agent's pipeline, answer.
 *
 * Items are refused one by one and the rest is taken; a request of which nothing can be taken is an
 * error. The limits count what is accepted, before it is written.
 */

import type { AgentErrorCode, Gateway } from "obs-agent";
import type { TenantPolicy } from "../core/contracts.ts";
import type { DocumentOutcome, IngestDoors, IngestLimits, Signal } from "../core/ingest.ts";
import type { Clock } from "../core/metadata.ts";
import { ApiError } from "../errors.ts";
import { type ItemError, readItems } from "./item-errors.ts";
import { readDocument } from "./documents.ts";
import { readLogItem } from "./log-items.ts";
import { readMetricItem } from "./metric-items.ts";
import { createRates } from "./rates.ts";
import { LOGS_REQUEST, METRICS_REQUEST, readRequest } from "./request-schema.ts";
import { timeWindow } from "./timestamps.ts";

/** More errors than this are counted but not listed. */
const MAX_ERRORS = 100;
const BUFFER_RETRY_SECONDS = 5;
const WRITE_PATIENCE_MS = 10_000;
const MAX_WAITING = 256;

export interface DoorOptions {
  readonly gateway: Pick<Gateway, "ingestLogs" | "ingestMetrics">;
  readonly limits: IngestLimits;
  readonly maxItems: number;
  readonly clock?: Clock;
}

const refuseIfNothingIsLeft = (accepted: readonly unknown[], errors: readonly ItemError[]): void => {
  if (accepted.length > 0) return;
  throw new ApiError("all_rejected", `None of the ${errors.length} items was accepted: ${errors[0]!.message}`, {
    details: { received: 0, rejected: errors.length, errors: errors.slice(0, MAX_ERRORS) },
  });
};

/** Faults of the pipeline that pass. */
const PASSING: ReadonlySet<string | undefined> = new Set<AgentErrorCode>(["buffer_full", "closed"]);

const busy = (cause?: unknown): ApiError =>
  new ApiError("store_unavailable", "The gateway's buffer takes nothing at the moment.", { cause, retryAfterSeconds: BUFFER_RETRY_SECONDS });

/**
 * Durable writes, of which a full disk makes some wait as long as it is full: their clients are told
 * to come again after a while, and when many wait, new ones are not begun.
 */
const createWriter = () => {
  let waiting = 0;
  return async <T>(begin: () => Promise<T>): Promise<T> => {
    if (waiting >= MAX_WAITING) throw busy();
    waiting++;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(busy()), WRITE_PATIENCE_MS)));
    const write = begin().finally(() => {
      waiting--;
      clearTimeout(timer);
    });
    try {
      return await Promise.race([write, patience]);
    } catch (cause) {
      throw PASSING.has((cause as { code?: string }).code) ? busy(cause) : cause;
    }
  };
};

export const createDoors = ({ gateway, limits, maxItems, clock = Date.now }: DoorOptions): IngestDoors => {
  const rates = createRates(clock);
  const durably = createWriter();

  const take = async (policy: TenantPolicy, service: string, signal: Signal, rows: number, bytes: number): Promise<void> => {
    await limits.takeService(policy.tenant, service, signal, rows);
    await limits.takeTenant(policy, { rows, bytes });
  };

  return {
    async logs(policy, body, bytes) {
      const { service, host = "", environment = "", logs } = readRequest(LOGS_REQUEST, body, "logs", maxItems);
      const now = clock();
      const { accepted, errors } = readItems(logs, readLogItem(BigInt(now) * 1_000_000n, timeWindow(now, policy.retentionDays.logs, policy.maxFutureMs)));
      refuseIfNothingIsLeft(accepted, errors);
      await take(policy, service, "logs", accepted.length, bytes);
      const { key } = await durably(() => gateway.ingestLogs(policy.tenant, accepted, { service, host, environment }));
      return {
        status: "accepted",
        received: accepted.length,
        rejected: errors.length,
        batch_id: `batch_${key}`,
        ...(errors.length > 0 && { errors: errors.slice(0, MAX_ERRORS) }),
      };
    },

    async documents(policy, documents, bytes) {
      const now = clock();
      const { accepted, errors } = readItems(documents, readDocument(now, timeWindow(now, policy.retentionDays.logs, policy.maxFutureMs)));
      const outcomes: DocumentOutcome[] = [];
      for (const { index, code, message } of errors) outcomes[index] = { code, message };
      if (accepted.length === 0) return outcomes;
      for (const [service, rows] of Map.groupBy(accepted, (record) => record.service ?? "")) await limits.takeService(policy.tenant, service, "logs", rows.length);
      await limits.takeTenant(policy, { rows: accepted.length, bytes });
      const { batches } = await durably(() => gateway.ingestLogs(policy.tenant, accepted, {}));
      const ids = batches.flatMap(({ key, rows }) => Array.from({ length: rows }, (_none, row) => `${key}-${row}`));
      const rowIds = ids.values();
      return documents.map(({ id }, i) => {
        if (outcomes[i]) return outcomes[i];
        const rowId = rowIds.next().value!;
        return { id: id ?? rowId };
      });
    },

    async metrics(policy, body, bytes) {
      const { service, host, metrics } = readRequest(METRICS_REQUEST, body, "metrics", maxItems);
      const now = clock();
      const labels = { service, ...(host !== undefined && { host }) };
      const { accepted, errors } = readItems(metrics, readMetricItem(now, timeWindow(now, policy.retentionDays.samples, policy.maxFutureMs), labels));
      refuseIfNothingIsLeft(accepted, errors);
      await take(policy, service, "metrics", accepted.length, bytes);
      await durably(() => gateway.ingestMetrics(policy.tenant, accepted));
      return {
        status: "accepted",
        received: accepted.length,
        metrics_per_second: rates.add(policy.tenant, accepted.length),
        ...(errors.length > 0 && { rejected: errors.length, errors: errors.slice(0, MAX_ERRORS) }),
      };
    },
  };
};
