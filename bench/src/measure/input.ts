/** The files that a work reads, made once for all works of one log. */

import { join } from "node:path";
import { writeWork } from "../work-data.ts";
import type { LogKind, WorkData } from "../work-data.ts";

export interface Input extends WorkData {
  /** About equal parts of whole lines. */
  readonly paths: readonly string[];
}

export const writeInput = (folder: string, log: LogKind, megabytes: number, files: number): Input => {
  const paths = Array.from({ length: files }, (_, part) => join(folder, files === 1 ? `${log}-${megabytes}.log` : `${log}-${megabytes}-${part}.log`));
  return { paths, ...writeWork(log, megabytes, paths) };
};
