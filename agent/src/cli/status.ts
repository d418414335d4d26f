/** `obs-agent status`: asks the agent that runs on the data folder. */

import { fetchStatus } from "../admin/server.ts";
import { formatStatus } from "../admin/status.ts";
import { dataDirOf } from "../config/resolve.ts";
import { readFiles } from "./configuration.ts";

export const showStatus = async (configPaths: readonly string[], json: boolean): Promise<number> => {
  const file = await readFiles(configPaths);
  const status = await fetchStatus(dataDirOf("config" in file ? file.config : {}, process.env));
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : formatStatus(status));
  return 0;
};
