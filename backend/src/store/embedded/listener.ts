/** Ports of the embedded store, and whether the one who listens there is really it. */

import { readFile, readdir, readlink } from "node:fs/promises";
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** A port of 127.0.0.1 that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, LOOPBACK, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const LISTEN = "0A";

/**
 * False when another process listens on the port. An anonymous `SYSTEM STOP LISTEN` frees it, and
 * whoever takes it then would be sent passwords. True where the system does not tell (not Linux).
 */
export const isListenedOnBy = async (pid: number, port: number): Promise<boolean> => {
  if (process.platform !== "linux") return true;
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = (await readFile("/proc/net/tcp", "latin1")).split("\n").map((line) => line.trim().split(/\s+/));
  const inodes = new Set(rows.filter((row) => row[1] === local && row[3] === LISTEN).map((row) => `socket:[${row[9]}]`));
  if (inodes.size === 0) return false;
  const folder = `/proc/${pid}/fd`;
  for (const descriptor of await readdir(folder).catch(() => [])) {
    if (inodes.has(await readlink(`${folder}/${descriptor}`).catch(() => ""))) return true;
  }
  return false;
};
