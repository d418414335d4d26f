/** Options of the file source. Sizes are bytes and durations ms: the config's parser has read `10s`. */

import { z } from "../../core/zod.ts";
import type { LineFormat } from "../../core/line-format.ts";
import { ENCODINGS } from "./encoding.ts";

/** Where a file that was there before the first start is begun. */
const readFrom = z.union([z.enum(["beginning", "end"]), z.number().nonnegative()]);

export const fileSourceSchema = z.strictObject({
  include: z.array(z.string().min(1)).min(1).describe("Globs of the files to follow. Files under a linked directory are not found; linked files are."),
  exclude: z.array(z.string().min(1)).default([]).describe("Globs of files and folders to leave out. Compressed files are always left out."),
  readFrom: readFrom
    .default(10 * 60_000)
    .describe(
      "Where files found at the very first start are begun: `beginning`, `end`, or an age in ms. A file changed within that age is read whole up to 1 MiB, else its last 1 MiB; an older one from its end. Files that appear later are read from the beginning.",
    ),
  encoding: z.enum(ENCODINGS).default("auto").describe("Encoding of the files. `auto`: UTF-16 when a file begins with its byte order mark, else UTF-8."),
  service: z.string().optional().describe("Service of the rows. Without it the file's path names it."),
  environment: z.string().default("").describe("Environment of the rows, such as `production`."),
  parser: z.custom<LineFormat>().optional().describe("How lines are parsed; detected without it."),
  pollIntervalMs: z.number().int().min(10).default(100).describe("How often files that were written to lately are looked at."),
  scanIntervalMs: z.number().int().min(50).default(5_000).describe("How often folders are looked through for what file events did not tell; longer with many files (250 a second at most)."),
  fingerprintBytes: z.number().int().min(64).max(65_536).default(1_024).describe("How many first bytes tell one file from another."),
  rotatedQuietMs: z.number().int().min(0).default(5_000).describe("How long a rotated or deleted file must be quiet until an unterminated last line is taken as a line."),
  maxOpenFiles: z.number().int().min(1).default(1_000).describe("Files kept open. Beyond it the longest quiet ones are closed and opened again when they grow."),
  maxFiles: z.number().int().min(1).default(20_000).describe("Files followed at most; further ones are left out with a warning."),
});

export type FileSourceOptions = z.output<typeof fileSourceSchema>;
export type FileSourceInput = z.input<typeof fileSourceSchema>;
