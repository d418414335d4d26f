import { homedir } from "node:os";
import { describe, expect, it } from "vitest";
import { findPeers } from "../src/peers/find-peers.ts";
import { filesystemOf, isInMemory } from "../src/tool/filesystem.ts";
import { runScript } from "./run-script.ts";

const LIMIT = { timeout: 60_000 };
const DISK = [import.meta.dirname, homedir(), "/var/tmp"].find((folder) => !isInMemory(filesystemOf(folder)))!;
const NOTHING = { email: 0, card: 0, ssn: 0, key: 0 };

describe("bench:agent", () => {
  it("ships every row of a small work, masked, and counts it", LIMIT, async () => {
    const { result } = await runScript("bench-agent.ts", ["--mb", "2", "--runs", "1", "--peers", "none", "--work", "w1"]);
    expect(result["w1"]).toMatchObject({
      rowsIn: 5006,
      rowsOut: 5006,
      workers: 1,
      unmasked: NOTHING,
      maskingOff: { rowsOut: 5006 },
      peers: { "fluent-bit": { cpuSecondsPerGB: 19.5, reference: true } },
    });
    expect(result["w1"]).toHaveProperty("filesystem");
  });

  it("parses every line of an access log", LIMIT, async () => {
    const { result } = await runScript("bench-agent.ts", ["--mb", "1", "--runs", "1", "--peers", "none", "--work", "w3"]);
    const w3 = result["w3"] as Record<string, unknown>;
    expect(w3).toMatchObject({ rowsIn: 5751, rowsOut: 5751, written: { methods: { GET: 3395, HEAD: 1184, POST: 1172 } } });
    expect(w3["parsed"]).toEqual(w3["written"]);
  });

  it.runIf(process.platform === "linux")("keeps the buffer of w4 on the filesystem of the scratch folder, which must be a disk", LIMIT, async () => {
    const inMemory = await runScript("bench-agent.ts", ["--mb", "1", "--runs", "1", "--peers", "none", "--work", "w4", "--dir", "/dev/shm"], 1);
    expect(inMemory.stderr).toMatch(/w4 measures a buffer on a disk, and \/dev\/shm\/\S+ is on tmpfs: name a folder on a disk with --dir/);
    const { result } = await runScript("bench-agent.ts", ["--mb", "1", "--runs", "1", "--peers", "none", "--work", "w4", "--dir", DISK]);
    expect(result["w4"]).toMatchObject({ rowsIn: 2503, rowsOut: 2503, unmasked: NOTHING, maskingOff: { rowsOut: 2503 } });
    expect((result["w4"] as Record<string, unknown>)["filesystem"]).not.toBe("tmpfs");
  });

  it.each(["rsyslog", "syslog-ng"].filter((name) => findPeers("all").some((peer) => peer.name === name)))("runs %s, and counts what it delivers", LIMIT, async (name) => {
    const { result } = await runScript("bench-agent.ts", ["--mb", "1", "--runs", "1", "--work", "w1", "--peers", name]);
    const peer = (result["w1"] as { peers: Record<string, Record<string, unknown>> }).peers[name]!;
    expect(peer).toMatchObject({ linesOut: 2503, reference: false, version: expect.stringMatching(/^\d+\.\d+/) });
    expect(peer["cpuSecondsPerGB"]).toBeGreaterThan(0);
    expect(peer["ratio"]).toBeGreaterThan(0);
    expect(peer["wirePerInputByte"]).toBeGreaterThan(0);
  });
});
