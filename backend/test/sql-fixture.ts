/** A shop of three hosts, acme and globex beside it, and the address that answers SQL. */

import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { expect } from "vitest";
import { seriesId } from "@obs/wire";
import type { SqlAnswer } from "../src/core/sql-queries.ts";
import { startTestStore, type TestStore } from "../src/testing.ts";
import { fillTenants, NOW_MS, startQueryApp } from "./isolation.ts";
import { logRecord, storeLogs, storeSamples, storeSeries } from "./query-rows.ts";

const HOSTS = ["web-01", "web-02", "web-03"];
export const METRIC = "cpu.usage.percent";
export const MINUTE = 60_000;

interface Sample {
  readonly host: string;
  readonly timestamp: number;
  readonly value: number;
}
interface Line {
  readonly host: string;
  readonly timestamp: number;
  readonly level: string;
}

/** An hour and ten minutes of three hosts: more errors where there is more load. */
export const SAMPLES: readonly Sample[] = HOSTS.flatMap((host, h) => Array.from({ length: 70 }, (_, i) => ({ host, timestamp: NOW_MS - i * MINUTE - h * 1_000, value: h * 100 + i })));
export const LINES: readonly Line[] = HOSTS.flatMap((host, h) =>
  Array.from({ length: 300 }, (_, i) => ({ host, timestamp: NOW_MS - i * 17_000 + h, level: (i * 7 + h) % 3 === 0 ? "ERROR" : "INFO" })),
);

export interface SqlFixture {
  readonly test: TestStore;
  readonly app: FastifyInstance;
  readonly ask: (query: string, more?: object, tenant?: string) => Promise<LightMyRequestResponse>;
  readonly rowsOf: (query: string, more?: object, tenant?: string) => Promise<SqlAnswer["rows"]>;
  stop(): Promise<void>;
}

export const startSqlFixture = async (): Promise<SqlFixture> => {
  const test = await startTestStore();
  await fillTenants(test.store);
  await storeLogs(test.store, "shop", LINES.map(({ host, timestamp, level }, i) => logRecord({ timestamp: BigInt(timestamp) * 1_000_000n, host, severity: level === "ERROR" ? 17 : 9, service: "api", message: `line ${i}`, attributes: { "context.endpoint": `/e${i % 4}`, status: String(200 + (i % 2) * 300) } })));
  for (const host of HOSTS) {
    const labels = { host, service: "api" };
    const series = seriesId(METRIC, labels);
    await storeSeries(test.store, "shop", [{ metric: METRIC, series, labels, kind: "gauge", unit: "%", help: "", firstSeen: NOW_MS - 70 * MINUTE, lastSeen: NOW_MS }]);
    await storeSamples(test.store, "shop", SAMPLES.filter((one) => one.host === host).map(({ timestamp, value }) => ({ metric: METRIC, series, timestamp, value })));
  }
  const app = await startQueryApp(test.store);
  const ask: SqlFixture["ask"] = (query, more = {}, tenant = "shop") => app.inject({ method: "POST", url: "/api/v1/query/sql", headers: { "x-tenant": tenant }, payload: { query, ...more } });
  return {
    test,
    app,
    ask,
    async rowsOf(query, more, tenant) {
      const response = await ask(query, more, tenant);
      expect(response.json()).toMatchObject({ rows: expect.any(Array) as unknown });
      return response.json<SqlAnswer>().rows;
    },
    async stop() {
      await app.close();
      await test.stop();
    },
  };
};
