/** Containers' logs and the journal through the real binary: metadata on the rows, and kill -9 in between. */

import { appendFile, chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AgentProcess, withScratch } from "./agent-process.ts";
import { BackendDouble } from "./backend-double.ts";

const WAIT = { timeout: 20_000, interval: 20 };

let backend: BackendDouble;
beforeEach(async () => {
  backend = await BackendDouble.start();
});
afterEach(() => backend.close());

interface Row {
  readonly message: string;
  readonly service: string;
  readonly timestamp: bigint;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, string>>;
}

const rows = (): Row[] => {
  const [messages, services, timestamps, severities, attributes] = ["message", "service", "timestamp", "severity", "attributes"].map((name) => backend.column("logs", name));
  return messages!.map((message, at) => ({ message, service: services![at], timestamp: timestamps![at], severity: severities![at], attributes: attributes![at] }) as Row);
};

const put = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, text);
};

const NS = 1_000_000_000n;
const AT = 1_714_979_289n;
const TIME = "2024-05-06T07:08:09.000000005Z";

describe("containers and the journal", () => {
  it("become rows with their envelope's time, level and metadata", () =>
    withScratch(async ({ path, configure }) => {
      const id = "a".repeat(64);
      await put(path("docker", "containers", id, `${id}-json.log`), `${JSON.stringify({ log: '{"level":"warn","message":"from docker"}\n', stream: "stderr", time: TIME })}\n`);
      await put(path("pods", "shop_web-1_uid-1", "web", "0.log"), `${TIME} stdout P from kuber\n${TIME} stdout F netes\n`);
      const journalctl = path("bin", "journalctl");
      await put(journalctl, `#!/bin/sh\necho '${JSON.stringify({ __CURSOR: "c1", __REALTIME_TIMESTAMP: String(AT * 1_000_000n), MESSAGE: "from the\njournal", PRIORITY: "3", SYSLOG_IDENTIFIER: "sshd", _PID: "77" }).replaceAll("\\", "\\\\")}'\nexec sleep 60\n`);
      await chmod(journalctl, 0o755);
      const config = await configure(backend.url, {
        docker: { enabled: true, root: path("docker"), socket: path("none.sock"), read_from: "beginning", metadata_wait: "20ms" },
        kubernetes: { enabled: true, include: [path("pods/*/*/*.log")], node: "node-1", read_from: "beginning" },
        journald: { enabled: true, read_from: "beginning" },
      });
      const agent = new AgentProcess({ args: ["run", "--config", config], env: { PATH: `${path("bin")}:${process.env.PATH}` } });
      await expect.poll(() => backend.messages.length, WAIT).toBe(3);
      const [docker, journal, kubernetes] = ["from docker", "from the\njournal", "from kubernetes"].map((message) => rows().find((row) => row.message === message)!);
      expect(docker).toMatchObject({ service: id.slice(0, 12), severity: 13, timestamp: AT * NS + 5n, attributes: { "container.id": id, "log.iostream": "stderr" } });
      expect(kubernetes).toMatchObject({ service: "web", timestamp: AT * NS + 5n, attributes: { "k8s.namespace.name": "shop", "k8s.pod.name": "web-1", "k8s.pod.uid": "uid-1", "k8s.node.name": "node-1", "log.iostream": "stdout" } });
      expect(journal).toMatchObject({ service: "sshd", severity: 17, timestamp: AT * NS, attributes: { "process.pid": "77" } });
      const { code } = await agent.kill("SIGTERM");
      expect(code).toBe(0);
    }));

  it("lose and repeat nothing over kill -9 (CRI, pieces of both streams mixed)", { timeout: 60_000 }, () =>
    withScratch(async ({ path, configure }) => {
      const log = path("pods", "shop_web-1_uid-1", "web", "0.log");
      const config = await configure(backend.url, { kubernetes: { enabled: true, include: [path("pods/*/*/*.log")], read_from: "beginning" }, batch: { max_rows: 7, linger: "20ms" } });
      let number = 0;
      for (let kill = 0; kill < 4; kill++) {
        let text = "";
        for (let each = 0; each < 200; each += 2, number += 2) text += `${TIME} stdout P line\n${TIME} stderr F line ${number}\n${TIME} stdout F  ${number + 1}\n`;
        const half = Math.floor(text.length / 2);
        const agent = new AgentProcess({ args: ["run", "--config", config] });
        await put(log, text.slice(0, half));
        await expect.poll(() => backend.messages.length, WAIT).toBeGreaterThan(number - 200 + 10);
        await put(log, text.slice(half));
        await agent.kill("SIGKILL");
      }
      const agent = new AgentProcess({ args: ["run", "--config", config] });
      await expect.poll(() => backend.messages.length, WAIT).toBe(number);
      expect(backend.messages.map((message) => Number(message.slice(5))).sort((a, b) => a - b)).toEqual(Array.from({ length: number }, (_, at) => at));
      const { code } = await agent.kill("SIGTERM");
      expect(code).toBe(0);
    }));
});

describe("the command line", () => {
  it("refuses faults in these sections, with their lines", () =>
    withScratch(async ({ path }) => {
      await writeFile(path("bad.yaml"), "endpoint: http://x\napi_key: k\ndocker:\n  enabled: sometimes\nkubernetes:\n  selct: all\n  metadata_wait: soon\n");
      const { code, stderr, stdout } = await new AgentProcess({ args: ["validate", "--config", join(path("bad.yaml"))] }).ended;
      expect(code).toBe(78);
      expect(stdout + stderr).toMatch(/bad\.yaml:4: docker\.enabled[^]*bad\.yaml:7: kubernetes\.metadata_wait|bad\.yaml:7[^]*bad\.yaml:4/);
      expect(stdout + stderr).toContain("did you mean select?");
    }));
});
