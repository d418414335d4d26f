/** Whether the port can be had, asked before anything slow is begun. */

import { once } from "node:events";
import { createServer } from "node:net";
import { UserError } from "./user-error.ts";

/** The line for a port that cannot be had; undefined for other errors. */
export const portFault = (error: unknown, host: string, port: number): UserError | undefined => {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new UserError(`port ${port} on ${host} is taken by another program: stop it, or choose another port, for example OBS_PORT=${port === 65_535 ? port - 1 : port + 1}`);
    case "EACCES":
      return new UserError(`port ${port} needs more rights than this user has: choose one above 1023 with OBS_PORT`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`${host} is no address of this machine: set OBS_HOST`);
    default:
      return undefined;
  }
};

/** Throws UserError when the port cannot be listened on. */
export const checkPort = async (host: string, port: number): Promise<void> => {
  if (port === 0) return;
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    throw portFault(error, host, port) ?? error;
  }
  server.close();
  await once(server, "close");
};
