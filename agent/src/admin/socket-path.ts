import { join } from "node:path";

/** Longest path of a unix socket on Linux, the final zero byte left out (sun_path, unix(7)). */
export const SOCKET_PATH_MAX = 107;

/** The socket of the agent that works on this data folder; only its owner can open it. */
export const socketPath = (dataDir: string): string => join(dataDir, "agent.sock");
