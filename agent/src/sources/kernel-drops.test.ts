import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, it } from "vitest";
import { readKernelDrops } from "./kernel-drops.ts";

it.runIf(process.platform === "linux")("counts what did not fit into a real socket's buffer", async () => {
  const receiver = createSocket({ type: "udp4", recvBufferSize: 4_096 });
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  const { address, port } = receiver.address();
  const sender = createSocket("udp4");
  sender.connect(port, address);
  await once(sender, "connect");
  // The receiver reads nothing while this turn of the event loop lasts; sends on loopback are at once.
  await Promise.all(Array.from({ length: 200 }, () => new Promise((resolve) => sender.send(Buffer.alloc(1_000), resolve))));
  await expect.poll(() => readKernelDrops(port, "udp4"), { timeout: 5_000 }).toBeGreaterThan(0);
  receiver.close();
  sender.close();
});
