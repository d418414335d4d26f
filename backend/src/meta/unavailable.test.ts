import { DatabaseSync } from "node:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { sayingUnavailable } from "./unavailable.ts";

const rejecting = async (error: unknown): Promise<void> => {
  throw error;
};
const failing = (error: unknown) => sayingUnavailable({ find: () => rejecting(error), get: () => 1 });

describe("metadata that is away", () => {
  it.each([
    ["a server that is not there", Object.assign(new Error("connect"), { code: "ECONNREFUSED" })],
    ["all addresses of a name", Object.assign(new AggregateError([Object.assign(new Error(), { code: "ECONNREFUSED" })]), {})],
    ["a server that shuts down", Object.assign(new Error(), { code: "57P01" })],
    ["no free connection", Object.assign(new Error(), { code: "53300" })],
    ["a broken connection", new Error("Connection terminated unexpectedly")],
    ["a full SQLite disk", Object.assign(new Error(), { code: "ERR_SQLITE_ERROR", errcode: 13 })],
    ["a SQLite I/O error with its detail", Object.assign(new Error(), { code: "ERR_SQLITE_ERROR", errcode: 778 })],
  ])("is a 503 with Retry-After: %s", async (_name, error) => {
    await expect(failing(error).find()).rejects.toMatchObject({ code: "metadata_unavailable", status: 503, retryAfterSeconds: 2, cause: error });
  });

  it.each([
    ["a broken constraint", Object.assign(new Error(), { code: "23505" })],
    ["a SQLite constraint", Object.assign(new Error(), { code: "ERR_SQLITE_ERROR", errcode: 19 })],
    ["a bug", new TypeError("undefined is not a function")],
  ])("is not %s", async (_name, error) => {
    await expect(failing(error).find()).rejects.toBe(error);
  });

  it("is known from what the clients really throw", async () => {
    const pool = new Pool({ connectionString: "postgres://obs@127.0.0.1:1/none" });
    await expect(sayingUnavailable({ ask: () => pool.query("SELECT 1") }).ask()).rejects.toMatchObject({ code: "metadata_unavailable" });
    await pool.end();
    const folder = mkdtempSync(join(tmpdir(), "obs-meta-"));
    const [one, other] = [new DatabaseSync(join(folder, "m.db")), new DatabaseSync(join(folder, "m.db"), { timeout: 0 })];
    one.exec("CREATE TABLE t (a); BEGIN EXCLUSIVE");
    await expect(sayingUnavailable({ write: async () => other.exec("INSERT INTO t VALUES (1)") }).write()).rejects.toMatchObject({ code: "metadata_unavailable" });
    for (const database of [one, other]) database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("lets answers through", async () => expect(await failing(undefined).get()).toBe(1));
});
