/** Damage to the buffer of an agent that is dead. */

import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PythonRandom } from "../work/python-random.ts";

const newest = (folder: string, part: string): string | undefined => {
  const name = readdirSync(folder).toSorted().findLast((found) => found.includes(part));
  return name === undefined ? undefined : join(folder, name);
};

/** Sizes of all files of a buffer, by path. */
export type BufferSizes = ReadonlyMap<string, number>;

export const sizesOf = (dataDir: string): BufferSizes =>
  new Map(["buffer", "segments"].flatMap((part) => readdirSync(join(dataDir, part)).map((name) => join(dataDir, part, name))).map((path) => [path, statSync(path).size]));

interface Patient {
  readonly dataDir: string;
  /** Before the backend went away: what was written later was never stored. */
  readonly before: BufferSizes;
  readonly random: PythonRandom;
}

const flipByte = (file: string | undefined, { before, random }: Patient): boolean => {
  if (file === undefined) return false;
  const bytes = readFileSync(file);
  const from = before.get(file) ?? 0;
  if (from >= bytes.length) return false;
  bytes[from + random.below(bytes.length - from)]! ^= 0xff;
  writeFileSync(file, bytes);
  return true;
};

const cutEnd = (file: string | undefined, { before }: Patient): boolean => {
  if (file === undefined) return false;
  const [from, size] = [before.get(file) ?? 0, statSync(file).size];
  if (from >= size) return false;
  truncateSync(file, from + Math.floor((size - from) / 2));
  return true;
};

const remove = (file: string | undefined): boolean => {
  if (file !== undefined) rmSync(file);
  return file !== undefined;
};

/**
 * By what is damaged; false when there is nothing of that kind. Only what was written while the
 * backend was away: an agent whose record of a batch is destroyed after the batch was stored reads
 * and sends its lines once more, and cannot know it. The index comes first: damage to the record of
 * an earlier damage would have that counted twice.
 */
export const DAMAGE: Readonly<Record<string, (patient: Patient) => boolean>> = {
  "a byte of the index's log": (patient) => flipByte(newest(join(patient.dataDir, "buffer"), ".log"), patient),
  "the end of the index's log": (patient) => cutEnd(newest(join(patient.dataDir, "buffer"), ".log"), patient),
  "the index's manifest is gone": ({ dataDir }) => remove(newest(join(dataDir, "buffer"), "MANIFEST")),
  "a byte of a segment": (patient) => flipByte(newest(join(patient.dataDir, "segments"), ".seg"), patient),
  "a segment is gone": ({ dataDir }) => remove(newest(join(dataDir, "segments"), ".seg")),
};
