/** Options of backends: how one is reached, and those besides the main one. */

import { z } from "../core/zod.ts";
import { httpUrl } from "./option-types.ts";

export const tlsSchema = z
  .strictObject({
    ca_file: z.string().min(1).optional().describe("PEM file of the authorities that the backend's certificate is checked against, in place of those that come with Node."),
    cert_file: z.string().min(1).optional().describe("PEM file of this agent's certificate (mTLS), with `key_file`."),
    key_file: z.string().min(1).optional().describe("PEM file of its private key."),
  })
  .prefault({})
  .describe("For an endpoint with `https://`.");

const output = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, { error: "expected up to 32 small letters, digits, - and _" })
    .describe("Its name in figures, in the log and in the buffer. Under another name it is another output, and what waited for the old one is dropped."),
  endpoint: httpUrl.describe("Address of its backend: another one than that of `endpoint`."),
  api_key: z.string().min(1).optional().describe("API key with the scope `ingest`."),
  api_key_file: z.string().min(1).optional().describe("File that holds the API key, in place of `api_key`."),
  tls: tlsSchema,
  when_full: z
    .enum(["push_back", "drop_oldest"])
    .optional()
    .describe("What happens to its batches when the buffer is at its budget. `push_back`: every source waits. `drop_oldest`: its oldest batches make room, counted as `buffer_full`, so that it holds up nobody. Without it, what `buffer.when_full` says of their sources."),
});

const firstRepeated = (values: readonly string[]): number => values.findIndex((value, index) => values.indexOf(value) < index);

export const outputsSchema = z
  .array(output)
  .max(8)
  .prefault([])
  .superRefine((outputs, context) => {
    const repeated = firstRepeated(outputs.map(({ name }) => name));
    if (repeated >= 0) context.addIssue({ code: "custom", path: [repeated, "name"], message: `there are two outputs named ${outputs[repeated]!.name}` });
  })
  .describe("Further backends. Each gets every batch from when it was first configured, settles it for itself, and keeps up or falls behind by itself: bodies wait in the one buffer until no backend needs them. The agent's figures have the label `output` for them.");
