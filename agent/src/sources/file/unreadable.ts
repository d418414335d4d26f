import type { Log } from "../../core/log.ts";

/** What a person can do about a path that cannot be read. */
export const remedyOf = (path: string, code: string): string => {
  if (code === "EACCES" || code === "EPERM") {
    return path.startsWith("/var/log/")
      ? "add the agent's user to the group that may read it (usermod -aG adm USER), or give the agent CAP_DAC_READ_SEARCH"
      : "make it readable for the agent's user (setfacl -m u:USER:r), give the agent CAP_DAC_READ_SEARCH, or exclude it";
  }
  if (code === "EMFILE" || code === "ENFILE") return "raise the limit of open files (ulimit -n), or lower max_open_files";
  return "check the filesystem it is on, or exclude it";
};

/** Names every file or folder that cannot be read once, with what to do about it. */
export class UnreadablePaths {
  readonly #log: Log;
  readonly #codes = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  get count(): number {
    return this.#codes.size;
  }

  report(path: string, code: string): void {
    if (this.#codes.get(path) === code) return;
    this.#codes.set(path, code);
    this.#log.warn(`cannot read ${path} (${code}): ${remedyOf(path, code)}`);
  }

  readable(path: string): void {
    if (this.#codes.size > 0 && this.#codes.delete(path)) this.#log.info(`${path} can be read now`);
  }

  /** A path that is gone needs no remedy. */
  forget(path: string): void {
    this.#codes.delete(path);
  }
}
