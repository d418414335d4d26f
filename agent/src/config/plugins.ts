/** Options of a user's own modules: sources of the list `plugins`, and transforms. */

import { z } from "../core/zod.ts";

const module = (what: string) =>
  z.string().min(1).describe(`${what}: the path of a module (\`.ts\`, \`.mjs\`, \`.js\`) or the name of an installed package. The file and the folders above it must belong to root or the agent's user, and nobody else may write there.`);

const options = z.record(z.string(), z.unknown()).prefault({}).describe("Options of its own, which it checks itself.");

const transform = z.strictObject({ module: module("The transform"), options });

export const transformsSchema = z
  .array(transform)
  .prefault([])
  .describe("Modules of your own that change or drop records, one after the other (`obs-agent/plugin`, docs/plugins.md). What they drop is counted as `filtered`. Lines of this group then take the slow path.");

const plugin = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: "expected up to 64 small letters, digits, - and _" })
    .describe("Its name in figures and in the log. Its position is kept under this name: renamed, it begins anew."),
  module: module("The source"),
  options,
  service: z.string().min(1).optional().describe("Service of rows that do not name one; its name by default."),
  environment: z.string().optional().describe("Environment of its rows, in place of the one for all."),
  transforms: transformsSchema,
});

export const pluginsSchema = z
  .array(plugin)
  .prefault([])
  .superRefine((plugins, context) => {
    const names = plugins.map(({ name }) => name);
    const repeated = names.findIndex((name, index) => names.indexOf(name) < index);
    if (repeated >= 0) context.addIssue({ code: "custom", path: [repeated, "name"], message: `there are two plugins named ${names[repeated]!}` });
  })
  .describe("Sources of your own: modules that read from wherever they like (`obs-agent/plugin`, docs/plugins.md).");
