/** Every address of the app with good and bad input, without sockets, on a real store. */

import { gzipSync, zstdCompressSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode } from "../src/errors.ts";
import { ADDRESSES } from "../src/http/addresses.ts";
import { startTestApp, type TestApp } from "./app-fixture.ts";
import { until } from "./until.ts";

type Holder = "ingest" | "query" | "admin" | "nobody";

let test: TestApp;
const headersOf: Record<Holder, Record<string, string>> = { ingest: {}, query: {}, admin: {}, nobody: {} };

beforeAll(async () => {
  test = await startTestApp();
  for (const scope of ["ingest", "query", "admin"] as const) headersOf[scope] = (await test.key([scope])).headers;
});
afterAll(async () => test?.stop());

interface Request {
  readonly as?: Holder;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** `route`: `POST /api/v1/keys`. A string or Buffer body goes as it is, anything else as JSON. */
const ask = (route: string, { as = "nobody", headers = {}, body }: Request = {}) => {
  const [method, url] = route.split(" ") as [InjectOptions["method"], string];
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  return test.app.inject({
    method: method!,
    url,
    headers: { ...headersOf[as], ...(body !== undefined && { "content-type": "application/json" }), ...headers },
    ...(body !== undefined && { payload: isRaw ? (body as string) : JSON.stringify(body) }),
  });
};

const errorOf = async (asking: ReturnType<typeof ask>) => {
  const answer = await asking;
  const { error } = answer.json<{ error: { code: ErrorCode; message: string; details?: unknown } }>();
  expect(answer.statusCode, `status of ${error.code}`).toBe(ERRORS[error.code][0]);
  expect(Object.keys(answer.json<object>())).toEqual(["error"]);
  return error;
};

const fresh = () => new Date().toISOString();
const logs = (...items: unknown[]) => ({ service: "api-gateway", logs: items });
const log = (extra: object = {}) => ({ timestamp: fresh(), level: "ERROR", message: "Database timeout", context: { endpoint: "/api/users" }, ...extra });
const metric = (extra: object = {}) => ({ name: "cpu.usage.percent", value: 75.3, timestamp: Math.floor(Date.now() / 1000), tags: { core: "0" }, ...extra });

/** An API with errors of its own form. */
const foreign = (route: string): boolean => route.includes(" /es/");

describe("the list of addresses", () => {
  it("is what the app answers", () => {
    expect([...test.app.routes].sort()).toEqual(ADDRESSES.map(({ route }) => route).sort());
  });

  it.each(ADDRESSES.filter(({ scope, route }) => scope !== undefined && foreign(route)))("$route asks for scope $scope, in its API's form", async ({ route, scope }) => {
    const refusal = async (asking: ReturnType<typeof ask>) => {
      const answer = await asking;
      const { error, status } = answer.json<{ error: { type: string; reason: string }; status: number }>();
      return [answer.statusCode, status, error.type, error.reason];
    };
    const path = route.replace(/:\w+/g, "x");
    expect(await refusal(ask(path))).toEqual([401, 401, "security_exception", expect.any(String)]);
    expect(await refusal(ask(path, { headers: { authorization: "ApiKey obs_a_wrong" } }))).toEqual([401, 401, "security_exception", expect.any(String)]);
    expect(await refusal(ask(path, { as: "admin" }))).toEqual([403, 403, "security_exception", expect.stringContaining(`"${scope}"`)]);
  });

  it.each(ADDRESSES.filter(({ scope, route }) => scope !== undefined && !foreign(route)))("$route asks for scope $scope", async ({ route, scope }) => {
    const path = route.replace(":stream", "logs").replace(":id", "key_x").replace(":name", "host");
    expect((await errorOf(ask(path))).code).toBe("unauthorized");
    expect((await errorOf(ask(path, { headers: { authorization: "Bearer obs_a_wrong" } }))).code).toBe("unauthorized");
    const other = scope === "admin" ? "ingest" : "admin";
    expect(await errorOf(ask(path, { as: other }))).toMatchObject({ code: "forbidden", details: { needs: scope } });
  });
});

describe("bodies", () => {
  const door = "POST /api/v1/logs/ingest";

  it.each([
    ["not JSON", "hello", {}, "invalid_json"],
    ["JSON that ends", '{"service":"a",', {}, "invalid_json"],
    ["an empty body", "", {}, "invalid_json"],
    ["another type", "a=b", { "content-type": "application/x-www-form-urlencoded" }, "unsupported_media_type"],
    ["no type", Buffer.from("{}"), { "content-type": "" }, "unsupported_media_type"],
    ["another encoding", "{}", { "content-encoding": "br" }, "unsupported_media_type"],
    ["gzip that is none", "{}", { "content-encoding": "gzip" }, "invalid_request"],
    ["more bytes than a door takes", `"${"x".repeat(17 * 1024 * 1024)}"`, {}, "too_large"],
    ["a gzip bomb", gzipSync(Buffer.alloc(64 * 1024 * 1024, "x")), { "content-encoding": "gzip" }, "too_large"],
    ["a zstd bomb", zstdCompressSync(Buffer.alloc(64 * 1024 * 1024, "x")), { "content-encoding": "zstd" }, "too_large"],
  ])("of %s are refused", async (_what, body, headers: Record<string, string>, code) => {
    expect((await errorOf(ask(door, { as: "ingest", body, headers }))).code).toBe(code);
  });

  it("say where their JSON breaks off", async () => {
    expect(await errorOf(ask(door, { as: "ingest", body: '{"service":"a",\n"logs":[x]}' }))).toMatchObject({
      message: "The body is not valid JSON at line 2, column 9.",
      details: { offset: 24, line: 2, column: 9 },
    });
  });

  it("may be compressed", async () => {
    const json = JSON.stringify(logs(log()));
    for (const [encoding, body] of [["gzip", gzipSync(json)], ["zstd", zstdCompressSync(json)]] as const)
      expect((await ask(door, { as: "ingest", body, headers: { "content-encoding": encoding } })).statusCode).toBe(202);
  });

  it("are not read for those who may not send them", async () => {
    expect((await errorOf(ask(door, { body: "not JSON" }))).code).toBe("unauthorized");
  });
});

describe("the JSON doors", () => {
  it.each([
    ["POST /api/v1/logs/ingest", () => logs(...Array.from({ length: 1_001 }, () => log())), "too_large"],
    ["POST /api/v1/logs/ingest", () => logs(log({ timestamp: "2025-01-16T03:00:00.123Z" })), "all_rejected"],
    ["POST /api/v1/logs/ingest", () => ({ ...logs(log()), colour: "red" }), "invalid_request"],
    ["POST /api/v1/logs/ingest", () => ({ logs: [log()] }), "invalid_request"],
    ["POST /api/v1/metrics/ingest", () => ({ service: "a", metrics: [metric({ timestamp: 1705363200 })] }), "all_rejected"],
    ["POST /api/v1/metrics/ingest", () => ({ service: "a", metrics: [metric({ value: "high" })] }), "all_rejected"],
    ["POST /api/v1/metrics/ingest", () => ({ service: "a", metrics: [] }), "invalid_request"],
  ])("%s: %#", async (route, body, code) => {
    expect((await errorOf(ask(route, { as: "ingest", body: body() }))).code).toBe(code);
  });

  it("take a thousand items", async () => {
    const answer = await ask("POST /api/v1/logs/ingest", { as: "ingest", body: logs(...Array.from({ length: 1_000 }, () => log())) });
    expect(answer.json()).toMatchObject({ status: "accepted", received: 1_000, rejected: 0 });
  });

  it("store a line that a search finds, masked, with its exact numbers", async () => {
    const item = log({ message: "first light for ada@example.com", order: 1, id: 0 });
    const body = JSON.stringify(logs(item)).replace('"id":0', '"id":12345678901234567890');
    const answer = await ask("POST /api/v1/logs/ingest", { as: "ingest", body });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ status: "accepted", received: 1, rejected: 0, batch_id: expect.stringMatching(/^batch_[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]{8}$/) as string });
    const hit = await until("the line is found", async () => {
      const found = await ask("POST /api/v1/logs/search", { as: "query", body: { query: `"first light" AND service:api-gateway` } });
      return found.json<{ hits: { logs: object[] } }>().hits.logs[0];
    });
    expect(hit).toMatchObject({
      timestamp: item.timestamp.replace("Z", "000000Z"),
      level: "ERROR",
      service: "api-gateway",
      message: "first light for [EMAIL]",
      attributes: { "context.endpoint": "/api/users", order: "1", id: "12345678901234567890" },
    });
  });

  it("store a point that a range query finds", async () => {
    const answer = await ask("POST /api/v1/metrics/ingest", { as: "ingest", body: { service: "api-gateway", host: "web-01", metrics: [metric({ name: "CPU.Usage Percent" })] } });
    expect(answer.json()).toMatchObject({ status: "accepted", received: 1 });
    expect(answer.json<{ metrics_per_second: number }>().metrics_per_second).toBeGreaterThan(0);
    const result = await until("the point is found", async () => {
      const found = await ask("GET /api/v1/metrics/query_range?metric=cpu.usage.percent&start=now-1m&end=now&step=1&fn=last&by=host,core", { as: "query" });
      return found.json<{ result: { labels: object; values: [number, number][] }[] }>().result[0];
    });
    expect(result.labels).toEqual({ host: "web-01", core: "0" });
    expect(result.values.at(-1)![1]).toBe(75.3);
  });

  it("keep tenants apart", async () => {
    await test.app.backend.metadata.tenants.create({ id: "other", name: "Other" });
    const other = await test.key(["query"], "other");
    const found = await ask("POST /api/v1/logs/search", { headers: other.headers, body: { query: "" } });
    expect(found.json()).toMatchObject({ hits: { total: 0, logs: [] } });
  });

  it("say when a limit is used up, and when to come again", async () => {
    await test.app.backend.metadata.tenants.create({ id: "tiny", name: "Tiny", rowsPerMinute: 3 });
    const { headers } = await test.key(["ingest"], "tiny");
    expect((await ask("POST /api/v1/logs/ingest", { headers, body: logs(log(), log()) })).statusCode).toBe(202);
    const answer = await ask("POST /api/v1/logs/ingest", { headers, body: logs(log(), log()) });
    expect(answer.statusCode).toBe(429);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(answer.json()).toMatchObject({ error: { code: "rate_limited", details: { limit: 3, unit: "rows" } } });
  });
});

describe("fields", () => {
  const field = { service: "api", name: "http.route", types: ["string"], share: 0.98, example: "/users" };

  it("are what agents report, of their tenant", async () => {
    const reported = await ask("POST /api/v1/fields", { as: "ingest", body: { fields: [field, { ...field, share: 1 }, { ...field, name: "n", types: ["integer", "number"] }] } });
    expect([reported.statusCode, reported.json()]).toEqual([200, { accepted: 2, without_room: 0 }]);
    const found = (await ask("GET /api/v1/fields?service=api", { as: "query" })).json<{ fields: unknown[] }>().fields;
    const iso = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(found).toEqual([{ ...field, share: 1, first_seen: iso, last_seen: iso }, { ...field, name: "n", types: ["integer", "number"], first_seen: iso, last_seen: iso }]);
    expect((await ask("GET /api/v1/fields?service=nobody", { as: "query" })).json()).toEqual({ fields: [] });
    expect((await errorOf(ask("GET /api/v1/fields", { as: "ingest" }))).code).toBe("forbidden");
    expect((await errorOf(ask("POST /api/v1/fields", { as: "query", body: { fields: [] } }))).code).toBe("forbidden");
  });

  it.each<[string, unknown]>([
    ["no list", {}],
    ["a share above 1", { fields: [{ ...field, share: 1.5 }] }],
    ["an unknown type", { fields: [{ ...field, types: ["date"] }] }],
    ["a long example", { fields: [{ ...field, example: "x".repeat(300) }] }],
    ["an unknown key", { fields: [{ ...field, tenant: "other" }] }],
    ["too many", { fields: Array.from({ length: 5_001 }, (_, index) => ({ ...field, name: `f${index}` })) }],
  ])("are refused with %s", async (_, body) => expect((await errorOf(ask("POST /api/v1/fields", { as: "ingest", body }))).code).toBe("invalid_request"));
});

describe("keys", () => {
  it("are made, used, listed without secrets, and revoked at once", async () => {
    const made = await ask("POST /api/v1/keys", { as: "admin", body: { name: "web", scopes: ["ingest", "ingest"] } });
    expect(made.statusCode).toBe(201);
    const { id, key, scopes } = made.json<{ id: string; key: string; scopes: string[] }>();
    expect(scopes).toEqual(["ingest"]);
    const headers = { authorization: `Bearer ${key}` };
    const send = () => ask("POST /api/v1/logs/ingest", { headers, body: logs(log()) });
    expect((await send()).statusCode).toBe(202);
    const listed = await ask("GET /api/v1/keys", { as: "admin" });
    expect(listed.json<{ keys: object[] }>().keys).toContainEqual(expect.objectContaining({ id, name: "web", scopes: ["ingest"], revoked_at: null }));
    expect(listed.body).not.toContain(key);
    expect((await ask(`DELETE /api/v1/keys/${id}`, { as: "admin" })).statusCode).toBe(204);
    expect((await errorOf(send())).code).toBe("unauthorized");
    expect((await errorOf(ask(`DELETE /api/v1/keys/${id}`, { as: "admin" }))).code).toBe("not_found");
  });

  it.each([{}, { name: "x" }, { name: "x", scopes: [] }, { name: "x", scopes: ["root"] }, { name: " ", scopes: ["query"] }, { name: "x", scopes: ["query"], tenant: "other" }, []])(
    "are not made from %j",
    async (body) => expect((await errorOf(ask("POST /api/v1/keys", { as: "admin", body }))).code).toBe("invalid_request"),
  );

  it("of another tenant cannot be revoked", async () => {
    const { id } = await test.key(["query"], "other");
    expect((await errorOf(ask(`DELETE /api/v1/keys/${id}`, { as: "admin" }))).code).toBe("not_found");
  });
});

describe("tenants", () => {
  it("are made with a first key, and changed", async () => {
    const made = await ask("POST /api/v1/tenants", { as: "admin", body: { id: "acme", logs_retention_days: 14 } });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({ id: "acme", name: "acme", policy_version: 1, logs_retention_days: 14 });
    const changed = await ask("PATCH /api/v1/tenants/acme", { as: "admin", body: { rows_per_minute: 7 } });
    expect(changed.json()).toMatchObject({ policy_version: 2, rows_per_minute: 7, logs_retention_days: 14 });
    const session = await ask("GET /api/v1/session", { headers: { authorization: `Bearer ${made.json<{ key: string }>().key}` } });
    expect(session.json()).toEqual({ tenant: "acme", scopes: ["ingest", "query", "admin"] });
    expect((await errorOf(ask("POST /api/v1/tenants", { as: "admin", body: { id: "acme" } }))).code).toBe("invalid_request");
    expect((await ask("GET /api/v1/tenants", { as: "admin" })).body).toContain('"acme"');
  });

  it.each([{}, { id: "" }, { id: "A B" }, { id: "x", logs_retention_days: 0 }, { id: "x", rows_per_minute: "many" }, { id: "x", colour: 1 }])("are not made from %j", async (body) => {
    expect((await errorOf(ask("POST /api/v1/tenants", { as: "admin", body }))).code).toBe("invalid_request");
  });

  it("are not the business of other tenants' administrators", async () => {
    const { headers } = await test.key(["admin"], "other");
    expect((await errorOf(ask("GET /api/v1/tenants", { headers }))).code).toBe("forbidden");
    expect((await errorOf(ask("POST /api/v1/tenants", { headers, body: { id: "mine" } }))).code).toBe("forbidden");
  });

  it("that are not there cannot be changed", async () => {
    expect((await errorOf(ask("PATCH /api/v1/tenants/nobody", { as: "admin", body: {} }))).code).toBe("not_found");
  });
});

const cookieOf = (header: string | string[] | undefined): string => String(header).split(";", 1)[0]!;

describe("signing in", () => {
  it("works once with a link, until signed out", async () => {
    const token = await test.app.backend.signIn.createToken("default");
    expect((await test.app.inject({ method: "HEAD", url: `/signin?token=${token}` })).statusCode, "a preview uses nothing up").not.toBe(303);
    const entered = await ask(`GET /signin?token=${token}`);
    expect(entered.statusCode).toBe(303);
    expect(entered.headers.location).toBe("/");
    expect(entered.headers["set-cookie"]).toMatch(/^obs_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    const headers = { cookie: cookieOf(entered.headers["set-cookie"]) };
    expect((await ask("GET /api/v1/session", { headers })).json()).toEqual({ tenant: "default", scopes: ["query", "admin"] });
    expect((await ask("POST /api/v1/logs/search", { headers, body: { query: "" } })).statusCode).toBe(200);
    expect((await errorOf(ask("POST /api/v1/logs/search", { headers: { ...headers, "sec-fetch-site": "same-site" }, body: {} }))).code, "another port's page").toBe("unauthorized");
    const again = await ask(`GET /signin?token=${token}`);
    expect(again.statusCode).toBe(401);
    expect(again.headers["content-type"]).toContain("text/html");
    const left = await ask("POST /api/v1/session/logout", { headers });
    expect(left.statusCode).toBe(204);
    expect(left.headers["set-cookie"]).toContain("Max-Age=0");
    expect((await errorOf(ask("GET /api/v1/session", { headers }))).code).toBe("unauthorized");
  });

  it("works with a key that may query, and gives no more than the key", async () => {
    const { secret } = await test.key(["query"]);
    const answer = await ask("POST /api/v1/session", { body: { key: secret } });
    expect(answer.json()).toEqual({ tenant: "default", scopes: ["query"] });
    const headers = { cookie: cookieOf(answer.headers["set-cookie"]) };
    expect((await ask("GET /api/v1/session", { headers })).json()).toEqual({ tenant: "default", scopes: ["query"] });
    expect((await errorOf(ask("GET /api/v1/keys", { headers }))).code).toBe("forbidden");
  });

  it("fails with a wrong key, and with one that may only send", async () => {
    expect((await errorOf(ask("POST /api/v1/session", { body: { key: "obs_q_wrong" } }))).code).toBe("unauthorized");
    const { secret } = await test.key(["ingest"]);
    expect((await errorOf(ask("POST /api/v1/session", { body: { key: secret } }))).code).toBe("forbidden");
    expect((await errorOf(ask("POST /api/v1/session", { body: { password: "x" } }))).code).toBe("invalid_request");
  });

  it.each(["/signin", "/signin?token=", "/signin?token=wrong", "/signin?token=a&token=b"])("is not had by %s", async (url) => {
    expect((await ask(`GET ${url}`)).statusCode).toBe(401);
  });
});

describe("health and figures", () => {
  it.each(["/livez", "/readyz", "/healthz"])("%s is open to all", async (url) => {
    const answer = await ask(`GET ${url}`);
    expect([answer.statusCode, answer.json<{ status: string }>().status]).toEqual([200, "ok"]);
  });

  it("/api/v1/status tells of the store and its budget", async () => {
    const status = (await ask("GET /api/v1/status", { as: "query" })).json();
    expect(status).toMatchObject({ store: { up: true, embedded: true, disk: { max_bytes: 10 * 1024 ** 3 } }, metadata: { up: true } });
  });

  it("/metrics is Prometheus text, by route and without tenants", async () => {
    const { body, headers } = await ask("GET /metrics");
    expect(headers["content-type"]).toContain("version=0.0.4");
    expect(body).toMatch(/^obs_store_up 1$/m);
    expect(body).toMatch(/^obs_http_requests_total\{route="\/api\/v1\/logs\/ingest",method="POST",status="202"\} \d+$/m);
    expect(body).toMatch(/^obs_ingest_rows_total\{stream="logs",outcome="stored"\} \d+$/m);
    for (const line of body.trim().split("\n")) expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_]+(\{[^}]*\})? [-\d.e+]+)$/);
    expect(body).not.toContain("acme");
  });
});

describe("every answer", () => {
  it("forbids what browsers should not do", async () => {
    const { headers } = await ask("GET /");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });

  it("to an unknown address is an error of the API, or the dashboard", async () => {
    expect((await errorOf(ask("GET /api/v1/nothing"))).code).toBe("not_found");
    expect((await errorOf(ask("POST /nothing"))).code).toBe("not_found");
    expect((await errorOf(ask("GET /assets/missing.js"))).code).toBe("not_found");
    expect((await errorOf(ask("GET /assets/..%2f..%2fpackage.json"))).code).toBe("invalid_request");
    expect((await ask("GET /..%2f..%2fpackage.json")).body).not.toContain("fastify");
    for (const url of ["/", "/hosts/web-01", "/hosts/web-01.example.com"]) expect((await ask(`GET ${url}`)).headers["content-type"]).toContain("text/html");
  });

  it("leaves no secret in the log", async () => {
    const { secret, headers } = await test.key(["query"]);
    await ask(`GET /api/v1/session?api_key=${secret}&token=${secret}`, { headers });
    await ask("GET /api/v1/session", { headers: { cookie: `obs_session=${secret}` } });
    expect(test.log()).toContain("api_key=[redacted]&token=[redacted]");
    expect(test.log()).not.toContain(secret);
  });
});
