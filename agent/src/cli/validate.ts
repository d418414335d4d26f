/** `obs-agent validate`: every error of the configuration at once. */

import { formatConfigError } from "../config/load.ts";
import { ERRORS } from "../errors.ts";
import { readConfiguration } from "./configuration.ts";
import { listOf, switchOf, type Invocation } from "./definition.ts";

export const validate = async (invocation: Invocation): Promise<number> => {
  const result = await readConfiguration(listOf(invocation, "config"));
  const errors = "errors" in result ? result.errors : [];
  if (switchOf(invocation, "json")) process.stdout.write(`${JSON.stringify({ valid: errors.length === 0, errors })}\n`);
  else if (errors.length === 0) process.stdout.write("the configuration is valid\n");
  else process.stderr.write(`${errors.map(formatConfigError).join("\n")}\n`);
  return errors.length === 0 ? 0 : ERRORS.config_invalid[0];
};
