/** Loads the parsers that groups of files bring along. */

import { loadCustomParser } from "../core/custom-parser.ts";
import type { ConfigError } from "./load.ts";
import type { ConfigFile } from "./schema.ts";

/** The groups, those with a parser of their own having it loaded. What is wrong goes to `errors`. */
export const withCustomParsers = (groups: ConfigFile["files"], errors: ConfigError[]): Promise<ConfigFile["files"]> =>
  Promise.all(
    groups.map(async (group, index) => {
      const { parser } = group;
      if (parser?.type !== "custom" || parser.file === undefined) return group;
      try {
        return { ...group, parser: { ...parser, custom: await loadCustomParser(parser.file) } };
      } catch (error) {
        errors.push({ where: parser.file, path: `files.${index}.parser.file`, message: (error as Error).message });
        return group;
      }
    }),
  );
