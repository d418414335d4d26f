/** Asks the agent that works on a data folder, over its socket. */

import type { IncomingMessage } from "node:http";
import { http } from "../core/node-http.ts";
import { AgentError } from "../errors.ts";
import { socketPath } from "./socket-path.ts";
import type { Status } from "./status.ts";

/** Throws AgentError(agent_not_running). */
export const askAgent = (dataDir: string, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const outgoing = http.request({ socketPath: socketPath(dataDir), path }, resolve);
    outgoing.on("error", (cause) => reject(new AgentError("agent_not_running", `no agent runs on the data folder ${dataDir}`, { cause })));
    outgoing.end();
  });

export const fetchText = async (dataDir: string, path: string): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of await askAgent(dataDir, path)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

export const fetchStatus = async (dataDir: string): Promise<Status> => JSON.parse(await fetchText(dataDir, "/status")) as Status;
