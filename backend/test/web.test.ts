/** The dashboard in a real Chromium against a real backend: what a person does on the first day. */

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { buildDashboard, dashboardIsStale } from "../src/start/dashboard-build.ts";

const EXECUTABLE = [process.env.OBS_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const WEB_DIR = fileURLToPath(new URL("../web", import.meta.url));
const HOST = "web-01.example.com";
const PATIENCE_MS = 30_000;

const SKIPPED = EXECUTABLE === undefined ? " (skipped: there is no Chromium here; install it, or name one in OBS_CHROMIUM)" : "";

describe.skipIf(EXECUTABLE === undefined)(`dashboard in Chromium${SKIPPED}`, { timeout: 2 * PATIENCE_MS }, () => {
  let folder: string;
  let app: FastifyInstance;
  let key: string;
  let browser: Browser;
  let page: Page;
  let base: string;
  const complaints: string[] = [];

  const post = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(base + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", authorization: `Bearer ${key}` } });
    expect({ status: response.status, body: await response.text() }).toMatchObject({ status: 202 });
  };
  const ingest = (service: string, level: string, message: string, context: Record<string, string> = {}): Promise<void> =>
    post("/api/v1/logs/ingest", { service, host: HOST, logs: [{ timestamp: new Date().toISOString(), level, message, context }] });
  /** Resolves when the page says so many lines in its summary. */
  const total = (text: string): Promise<void> => page.getByText(text, { exact: true }).waitFor();
  const row = (text: string) => page.getByRole("option").filter({ hasText: text });
  const search = async (query: string): Promise<void> => {
    await page.getByLabel("Query", { exact: true }).fill(query);
    await page.keyboard.press("Enter");
  };

  beforeAll(async () => {
    if (dashboardIsStale(WEB_DIR)) await buildDashboard(WEB_DIR);
    folder = await mkdtemp(join(tmpdir(), "obs-web-"));
    app = await createApp({ config: readConfig({ OBS_DATA_DIR: folder, OBS_LOG_LEVEL: "silent", OBS_STORE_MEMORY: "1GB" }) });
    base = await app.listen({ port: 0, host: "127.0.0.1" });
    key = (await app.backend.issueKey({ tenant: "default", name: "test", scopes: ["ingest", "query"] })).secret;
    browser = await chromium.launch({ executablePath: EXECUTABLE!, args: FLAGS });
    page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
    });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("asks who has no session to sign in, and refuses a wrong key", async () => {
    const stranger = await browser.newPage();
    await stranger.goto(base);
    await stranger.getByRole("heading", { name: "Sign in to obs" }).waitFor();
    await stranger.getByLabel("API key").fill("obs_q_wrong");
    await stranger.getByRole("button", { name: "Sign in" }).click();
    await stranger.getByText("This key is not known").waitFor();
    expect(await stranger.getByLabel("Query", { exact: true }).count()).toBe(0);
    await stranger.getByLabel("API key").fill(key);
    await stranger.getByRole("button", { name: "Sign in" }).click();
    await stranger.getByLabel("Query", { exact: true }).waitFor();
    await stranger.close();
  });

  it("signs in by the link, which works once", async () => {
    const link = `${base}/signin?token=${await app.backend.signIn.createToken("default")}`;
    await page.goto(link);
    await page.waitForURL("**/logs");
    await page.getByRole("button", { name: "Tenant default" }).waitFor();
    expect((await fetch(link, { redirect: "manual" })).status).toBe(401);
  });

  it("shows lines that arrive, without being asked to", async () => {
    await page.getByText("No lines in this time range").waitFor();
    await ingest("api-gateway", "ERROR", "Database timeout after 5000 ms", { endpoint: "/api/users", attempt: "3" });
    await ingest("checkout", "INFO", "Order 4711 accepted", { endpoint: "/api/orders" });
    await row("Database timeout").waitFor();
    await row("Order 4711").waitFor();
    await total("2 lines");
    await ingest("checkout", "INFO", "Order 4712 accepted", { endpoint: "/api/orders" });
    await row("Order 4712").waitFor();
    expect(await page.getByRole("option").count()).toBe(3);
  });

  it("narrows them by a search and marks what matched; back goes back", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("timeout AND service:api-gateway");
    await page.keyboard.press("Enter");
    await total("1 line");
    expect(await page.locator("mark").first().textContent()).toBe("timeout");
    expect(new URL(page.url()).searchParams.get("q")).toBe("timeout AND service:api-gateway");
    await page.goBack();
    await total("3 lines");
    expect(await page.getByLabel("Query", { exact: true }).inputValue()).toBe("");
  });

  it("opens a line, and filters for and out what is in it", async () => {
    await row("Order 4711").click();
    const detail = page.getByRole("complementary", { name: "Line detail" });
    await detail.getByText("/api/orders").waitFor();
    await detail.getByRole("button", { name: /^Filter for (context\.)?endpoint: / }).click();
    await total("2 lines");
    expect(await page.getByLabel("Query", { exact: true }).inputValue()).toMatch(/^(context\.)?endpoint:"\/api\/orders"$/);
    await detail.getByRole("button", { name: "Filter out service: checkout" }).click();
    await page.getByText("No line matches").waitFor();
    await page.getByRole("button", { name: "Clear the query", exact: true }).first().click();
    await total("3 lines");
  });

  it("shows one level only, also those lines that match a query with OR", async () => {
    const levels = page.getByRole("group", { name: "Levels" });
    await search("timeout OR order");
    await total("3 lines");
    await levels.getByRole("button", { name: /^ERROR/ }).click();
    await total("1 line");
    expect(new URL(page.url()).searchParams.get("level")).toBe("ERROR");
    await levels.getByRole("button", { name: /^ERROR/ }).click();
    await total("3 lines");
  });

  it("zooms in by a drag over the histogram", async () => {
    await search("");
    const plot = (await page.locator(".u-over").first().boundingBox())!;
    await page.mouse.move(plot.x + plot.width * 0.2, plot.y + 20);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.6, plot.y + 20, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=20/);
    await page.getByText("No lines in this time range").waitFor();
    const { from, to } = Object.fromEntries(new URL(page.url()).searchParams);
    expect((Date.parse(to) - Date.parse(from)) / 3_600_000).toBeCloseTo(0.4, 1);
    await page.goBack();
    await total("3 lines");
  });

  it("says where a query is wrong", async () => {
    const before = complaints.length;
    await search("timeout AND (service:api");
    const alert = page.locator("#query-error");
    await alert.waitFor();
    expect(await alert.locator("em").textContent()).toBe("(");
    await search("");
    await total("3 lines");
    // The browser itself notes the 400; nothing else may complain.
    const noted = complaints.splice(before);
    expect(noted.filter((text) => !text.includes("status of 400"))).toEqual([]);
  });

  it("draws a host's charts", async () => {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const metrics = Array.from({ length: 30 }, (_, i) => nowSeconds - 300 + 10 * i).flatMap((timestamp, i) => [
      { name: "system.cpu.utilization", value: 0.25, timestamp, tags: { state: "user" } },
      { name: "system.cpu.utilization", value: 0.75, timestamp, tags: { state: "idle" } },
      { name: "system.memory.usage", value: 2 ** 30, timestamp, tags: { state: "used" } },
      { name: "system.memory.usage", value: 3 * 2 ** 30, timestamp, tags: { state: "free" } },
      { name: "system.network.io", value: 10_000 * i, timestamp, tags: { direction: "receive", device: "eth0" } },
    ]);
    await post("/api/v1/metrics/ingest", { service: "host", host: HOST, metrics });
    await expect.poll(async () => (await fetch(`${base}/api/v1/hosts`, { headers: { authorization: `Bearer ${key}` } })).text(), { timeout: PATIENCE_MS }).toContain(HOST);

    await page.getByRole("link", { name: "Hosts" }).click();
    await page.getByRole("link", { name: HOST }).click();
    const chart = (name: string) => page.getByRole("region", { name, exact: true });
    await chart("CPU").getByText("25 %").first().waitFor();
    await chart("Memory").getByText("1 GiB").first().waitFor();
    // The newest point of a rate covers what there is of its window: more than nothing, at most 1 kB/s.
    await chart("Network").getByText(/^[1-9][\d.]* k?B\/s$/).first().waitFor();
    await chart("Disk").getByText("Nothing reported").waitFor();
    expect(await page.locator("canvas").count()).toBe(3);

    await page.getByRole("link", { name: "Its logs" }).click();
    await total("3 lines");
  });

  it("answers a host's own address, with a name that looks like a file's", async () => {
    const answer = await fetch(`${base}/hosts/${HOST}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/html");
  });

  it("remembers the theme, and signs out", async () => {
    const scheme = () => page.locator("html").getAttribute("data-mantine-color-scheme");
    await page.getByRole("button", { name: "Theme: as the system" }).click();
    await page.getByRole("button", { name: "Theme: light" }).click();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    expect(await scheme()).toBe("dark");
    expect(complaints).toEqual([]);

    await page.getByRole("button", { name: "Tenant default" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to obs" }).waitFor();
  });
});
