/** `obs-agent init`: a commented configuration for what is found on this host. */

import { hostname } from "node:os";
import { AgentError } from "../errors.ts";
import { findLogFiles, type FoundFiles } from "./found-files.ts";
import { textOf, switchOf, type Invocation } from "./definition.ts";
import { commentedConfig } from "./commented-config.ts";
import { writeOutput } from "./write-output.ts";

const MAX_NAMED = 20;

const named = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.slice(0, MAX_NAMED).map((line) => `  ${line}`), ...(lines.length > MAX_NAMED ? [`  and ${lines.length - MAX_NAMED} more`] : [])];

const notesOn = ({ files, unreadable }: FoundFiles): string[] => [
  ...named(`Found here: ${files.length} ${files.length === 1 ? "file" : "files"}.`, files.map(({ path, service }) => `${path} (service ${service})`)),
  ...named("Cannot be read by this user:", unreadable.map(({ path, remedy }) => `${path}: ${remedy}`)),
];

const withoutUser = (url: string): string => url.replace(/\/\/[^/@]*@/, "//");

/** The text of a configuration. */
export const configForHost = (found: FoundFiles, endpoint: string | undefined): string =>
  commentedConfig({
    heading: [`Configuration of obs-agent on ${hostname()}, written by \`obs-agent init\`.`, "What is set was found here. Everything else is a comment with its default: remove one # to set it.", "The API key is best given as OBS_API_KEY or in a file (api_key_file)."],
    set: {
      ...(endpoint !== undefined && { endpoint: withoutUser(endpoint) }),
      files: found.include.length === 0 ? [] : [{ include: found.include, ...(found.exclude.length > 0 && { exclude: found.exclude }) }],
    },
    notes: { files: notesOn(found) },
  });

export const init = async (invocation: Invocation): Promise<number> => {
  const endpoint = process.env.OBS_ENDPOINT;
  if (endpoint && !URL.canParse(endpoint)) throw new AgentError("config_invalid", `OBS_ENDPOINT is no address: ${JSON.stringify(endpoint)}`);
  const text = configForHost(await findLogFiles(), endpoint || undefined);
  await writeOutput(text, textOf(invocation, "output"), switchOf(invocation, "force"));
  return 0;
};
