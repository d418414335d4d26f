/** The whole of obs as `npm start` runs it, in a data folder of its own and on a free port. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../tool/free-port.ts";
import { Restartable } from "../tool/children.ts";
import type { Children } from "../tool/children.ts";
import { waitUntil } from "../tool/watch-process.ts";
import { BACKEND_CLI, untilReady } from "./backend.ts";

const POLL_MS = 25;

/** Where to send and ask, and with which key. */
export interface Installation {
  readonly url: string;
  readonly apiKey: string;
}

/** Default settings except for what must not touch this machine's own installation. */
export const startAllInOne = async (children: Children, folder: string, signal: AbortSignal): Promise<Installation> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const localFile = join(folder, "local.json");
  const backend = new Restartable(children, {
    name: "backend",
    script: BACKEND_CLI,
    args: ["start"],
    env: { OBS_DATA_DIR: join(folder, "data"), OBS_PORT: String(port), OBS_LOCAL_FILE: localFile },
  });
  await untilReady(url, backend, signal);
  const { apiKey } = await untilWritten(localFile, backend, signal);
  return { url, apiKey };
};

/** The file comes last: with it, everything has started. */
const untilWritten = async (file: string, backend: Restartable, signal: AbortSignal): Promise<{ apiKey: string }> => {
  let written: { apiKey: string } | undefined;
  await waitUntil(
    async () => {
      written = await readFile(file, "utf8").then((text) => JSON.parse(text) as { apiKey: string }, () => undefined);
      return written !== undefined;
    },
    { pollMs: POLL_MS, signal, watched: { backend: () => backend.child } },
  );
  return written!;
};
