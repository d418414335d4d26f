/** Log files that are on this host now, by the globs that usually find them. */

import { access, constants } from "node:fs/promises";
import { OWN_FILES, USUAL_FILES } from "../config/schema.ts";
import { walk } from "../sources/file/discovery.ts";
import { pathFilter } from "../sources/file/index.ts";
import { serviceOfPath } from "../sources/file/service-name.ts";
import { remedyOf } from "../sources/file/unreadable.ts";

export interface FoundFiles {
  /** Globs that found something. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly files: readonly { readonly path: string; readonly service: string }[];
  readonly unreadable: readonly { readonly path: string; readonly remedy: string }[];
}

/** Where applications keep logs of their own, beside the host's. */
const APPLICATION_FILES = ["/opt/*/logs/*.log", "/opt/*/log/*.log", "/srv/*/logs/*.log", "/srv/*/log/*.log", "/var/www/*/logs/*.log", "/var/www/*/storage/logs/*.log"];

export const findLogFiles = async (globs: readonly string[] = [...USUAL_FILES, ...APPLICATION_FILES], exclude: readonly string[] = OWN_FILES): Promise<FoundFiles> => {
  const include: string[] = [];
  const files = new Map<string, string>();
  const unreadable = new Map<string, string>();
  const report = (path: string, code: string): void => void unreadable.set(path, remedyOf(path, code));
  for (const glob of globs) {
    const before = files.size + unreadable.size;
    for await (const path of walk(pathFilter([glob], exclude), report)) {
      if (files.has(path)) continue;
      const error = await access(path, constants.R_OK).then(() => undefined, (fault: NodeJS.ErrnoException) => fault);
      if (error === undefined) files.set(path, serviceOfPath(path));
      else if (error.code !== "ENOENT") report(path, error.code ?? "EIO");
    }
    if (files.size + unreadable.size > before) include.push(glob);
  }
  return {
    include,
    exclude: include.length === 0 ? [] : exclude,
    files: Array.from(files, ([path, service]) => ({ path, service })),
    unreadable: Array.from(unreadable, ([path, remedy]) => ({ path, remedy })),
  };
};
