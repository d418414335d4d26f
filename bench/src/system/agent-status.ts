/** What a running agent says of itself, on its socket: what `obs-agent status --json` prints. */

import { request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import type { Status } from "obs-agent";

/** Throws when no agent answers on the data folder. */
export const agentStatus = (dataDir: string): Promise<Status> =>
  new Promise((resolve, reject) => {
    request({ socketPath: join(dataDir, "agent.sock"), path: "/status" }, (response) => {
      (json(response) as Promise<Status>).then(resolve, reject);
    })
      .on("error", reject)
      .end();
  });

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);

/** Rows of logs that it says will never be stored, by its main output or by another. */
export const reportedRows = ({ signals: { logs } }: Pick<Status, "signals">): number => sum(logs.dropped) + sum(logs.refused) + logs.deadLettered;
