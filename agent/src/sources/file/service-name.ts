import { basename, dirname } from "node:path";

const LOG_FOLDER = new Set(["log", "logs"]);
/** `.log`, and what rotation puts behind a name: `.1`, `-20261122`, `.2026-11-22`. */
const ENDING = /(\.(log|txt|out|err|json|ndjson|jsonl)|[.\-_]\d[\d\-_.:T]*)+$/i;

/**
 * Service of a file's rows when nothing else names one: the folder below the log folder
 * (`/var/log/nginx/access.log` is nginx), else the file's own name without its endings.
 */
export const serviceOfPath = (path: string): string => {
  const folders = dirname(path).split("/").filter(Boolean);
  const logFolder = folders.findLastIndex((name) => LOG_FOLDER.has(name));
  const below = logFolder === -1 ? undefined : folders[logFolder + 1];
  if (below !== undefined) return below;
  const name = basename(path);
  return name.replace(ENDING, "") || name;
};
