import { describe, expect, it, vi } from "vitest";
import { bookAcknowledgement, conservationGap, emptyLedger } from "./conservation.ts";
import { sleep, steadyMs, systemClock } from "./clock.ts";
import { MetricsRegistry } from "./counters.ts";
import { AgentLog, createLog } from "./log.ts";

const write = (format: "json" | "text", level: "debug" | "warn" = "debug") => {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, write: (line) => void lines.push(line), now: () => new Date(0) }) };
};

describe("log", () => {
  it("writes one line of text, with line breaks made visible", () => {
    const { lines, log } = write("text");
    log.info("two\nlines", { file: "/var/log/a b", rows: 3, at: 5n, error: new Error("why") });
    expect(lines).toEqual(["1970-01-01T00:00:00.000Z info  two\\nlines file=/var/log/a b rows=3 at=5 error=why\n"]);
  });

  it("writes JSON lines", () => {
    const { lines, log } = write("json");
    log.error("no", { reason: 'a "b"' });
    expect(JSON.parse(lines[0]!)).toEqual({ time: "1970-01-01T00:00:00.000Z", level: "error", message: "no", reason: 'a "b"' });
  });

  it.each(["apiKey", "api_key", "token", "Authorization", "password", "clientSecret"])("never shows the value of %s", (name) => {
    for (const format of ["json", "text"] as const) {
      const { lines, log } = write(format);
      log.warn("sent", { [name]: "hunter2" });
      expect(lines[0]).not.toContain("hunter2");
    }
  });

  it("leaves out what is less severe than asked for", () => {
    const { lines, log } = write("text", "warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    expect(lines).toHaveLength(1);
  });
});

describe("metrics", () => {
  it("are Prometheus text, with labels escaped, in the order of the table", () => {
    const registry = new MetricsRegistry();
    registry.onCollect(() => registry.set("obs_buffer_bytes", {}, 7));
    registry.add("obs_component_errors_total", { component: 'a"b\\c\nd', kind: "x" });
    registry.add("obs_component_errors_total", { component: 'a"b\\c\nd', kind: "x" }, 2);
    const lines = registry.text().split("\n");
    expect(lines).toContain('obs_component_errors_total{component="a\\"b\\\\c\\nd",kind="x"} 3');
    expect(lines).toContain("# TYPE obs_component_errors_total counter");
    expect(lines).toContain("obs_buffer_bytes 7");
  });
});

describe("law of conservation", () => {
  it("holds when everything is booked, and shows what is not", () => {
    const { logs } = emptyLedger().signals;
    logs.records = 10;
    bookAcknowledgement(logs, { stored: 5, refused: { too_old: 2 } });
    expect(conservationGap(logs, 3)).toBe(0);
    expect(conservationGap(logs, 2)).toBe(1);
    bookAcknowledgement(logs, { stored: 5, refused: { too_old: 2 } }, -1);
    expect(logs).toEqual({ ...emptyLedger().signals.logs, records: 10 });
  });
});

describe("sleep", () => {
  it("ends at once when its signal aborts, before or during", async () => {
    const controller = new AbortController();
    const sleeping = sleep(systemClock, 1e9, controller.signal);
    controller.abort();
    expect(await Promise.all([sleeping, sleep(systemClock, 1e9, controller.signal)])).toEqual([undefined, undefined]);
  });
});

describe("the agent's log", () => {
  it("changes while it is held, method by method, and remembers its last lines", () => {
    const written: string[] = [];
    const options = { level: "info", format: "text", write: (line: string) => void written.push(line), now: () => new Date(0) } as const;
    const log = new AgentLog(options);
    const { debug, warn } = log;
    debug("too fine");
    warn("first");
    log.configure({ ...options, level: "debug" });
    debug("second", { n: 1 });
    expect(written).toEqual(["1970-01-01T00:00:00.000Z warn  first\n", "1970-01-01T00:00:00.000Z debug second n=1\n"]);
    expect(log.recent()).toEqual(written);
    for (let line = 0; line < 600; line++) warn(`line ${line}`);
    expect([log.recent().length, log.recent().at(-1)]).toEqual([500, "1970-01-01T00:00:00.000Z warn  line 599\n"]);
  });
});

describe("the system's clock", () => {
  it.each([3_600_000, -3_600_000])("follows a wall clock that is set by %d ms, in all digits, and its intervals do not", (shiftMs) => {
    const truth = Date.now;
    const before = steadyMs(systemClock);
    const set = vi.spyOn(Date, "now").mockImplementation(() => truth() + shiftMs);
    try {
      expect(Math.abs(Number(systemClock.nowNs() / 1_000_000n) - systemClock.nowMs())).toBeLessThan(1_000);
      expect(steadyMs(systemClock) - before).toBeLessThan(60_000);
      expect(steadyMs(systemClock)).toBeGreaterThanOrEqual(before);
    } finally {
      set.mockRestore();
    }
    expect(Math.abs(Number(systemClock.nowNs() / 1_000_000n) - Date.now())).toBeLessThan(1_000);
  });
});
