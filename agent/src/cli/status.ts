/** `obs-agent status` */

import { fetchStatus } from "../admin/client.ts";
import { formatStatus } from "../admin/status.ts";
import { findDataDir } from "./configuration.ts";
import { listOf, switchOf, type Invocation } from "./definition.ts";

export const status = async (invocation: Invocation): Promise<number> => {
  const found = await fetchStatus(await findDataDir(listOf(invocation, "config")));
  process.stdout.write(switchOf(invocation, "json") ? `${JSON.stringify(found)}\n` : formatStatus(found));
  return 0;
};
