/** The whole backend on a port of this machine, for tests of what sends to it. */

import type { AddressInfo } from "node:net";
import { OPERATOR_TENANT } from "../src/core/metadata.ts";
import { sql, TenantScope } from "../src/sql/sql.ts";
import { startTestApp } from "./app-fixture.ts";

export interface StoredLog {
  readonly batch: string;
  readonly row: number;
  readonly message: string;
  readonly service: string;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface StoredSample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ListeningBackend {
  readonly url: string;
  /** Of a new key of the operator's tenant, which may send. */
  readonly apiKey: string;
  /** What is stored, in no order; one that is stored twice is there twice. */
  logs(): Promise<StoredLog[]>;
  samples(): Promise<StoredSample[]>;
  stop(): Promise<void>;
}

export const startListeningBackend = async (environment: Record<string, string> = {}): Promise<ListeningBackend> => {
  const test = await startTestApp({ OBS_LOG_LEVEL: "error", ...environment });
  await test.app.listen({ host: "127.0.0.1", port: 0 });
  const { secret } = await test.key(["ingest"]);
  const { store } = test.app.backend;
  const scope = new TenantScope(OPERATOR_TENANT);
  return {
    url: `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`,
    apiKey: secret,
    logs: () => store.read<StoredLog>(scope.statement(sql`SELECT toString(batch) AS batch, row, message, service, severity, attributes ${scope.from("logs")}`)),
    samples: () =>
      store.read<StoredSample>(
        scope.statement(sql`SELECT metric, labels, value FROM (SELECT metric, series, value ${scope.from("samples")}) AS one LEFT JOIN (SELECT series, any(labels) AS labels ${scope.from("series")} GROUP BY series) AS known USING series`),
      ),
    stop: () => test.stop(),
  };
};
