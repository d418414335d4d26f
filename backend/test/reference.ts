/** Generated reference: docs/config.md, docs/http-api.md, docs/metrics.md. */

import { OPTIONS } from "../src/config.ts";
import { ERRORS } from "../src/errors.ts";
import { ITEM_ERRORS } from "../src/gateway/item-errors.ts";
import { ADDRESSES, type Address } from "../src/http/addresses.ts";
import { METRICS } from "../src/telemetry/metrics.ts";

const GENERATED = "<!-- Generated: npx vitest run backend/test/app-reference.test.ts -u -->\n";

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** The home folder differs from machine to machine. */
const portable = (text: string): string => text.replace(process.env["HOME"] ?? "\0", "~");

export const configReference = (): string => `${GENERATED}# Configuration of the backend

Environment variables. Faults are reported all at once, with exit code 78. An empty variable counts
as not set. Sizes are written as \`512MB\` or \`10GB\`.

${table(
  ["variable", "default", "meaning", "example"],
  Object.values(OPTIONS).map(({ variable, fallback, doc, example }) => [`\`${variable}\``, fallback ? `\`${portable(fallback)}\`` : "", doc, `\`${example}\``]),
)}
`;

const addressReference = ({ route, scope, doc, body, answer }: Address): string =>
  [`### ${route}`, `${scope ? `Scope: ${scope}. ` : ""}${doc}`, ...(body ? ["```json", body, "```"] : []), "```", answer, "```"].join("\n").replace("### ", "### `").replace("\n", "`\n\n");

export const httpReference = (): string => `${GENERATED}# HTTP API

\`Authorization: Bearer obs_...\` with a key of the scope named, or the dashboard's cookie. Bodies are
JSON (\`Content-Type: application/json\`) unless said otherwise.

## Errors

Every error is \`{"error": {"code", "message", "details"?}}\`. 429 and 503 say in \`Retry-After\` when to
come again.

${table(["code", "status", "meaning"], Object.entries(ERRORS).map(([code, [status, doc]]) => [`\`${code}\``, String(status), doc]))}

Items of the JSON doors are refused one by one, as \`{"index", "code", "message"}\`:

${table(["code", "meaning"], Object.entries(ITEM_ERRORS).map(([code, doc]) => [`\`${code}\``, doc]))}

## Addresses

${ADDRESSES.map(addressReference).join("\n\n")}
`;

export const metricsReference = (): string => `${GENERATED}# Metrics of the backend

${table(["metric", "type", "meaning"], Object.entries(METRICS).map(([name, [type, doc]]) => [`\`${name}\``, type, doc]))}
`;
