/** Names of indices and of what rows keep of them, for writing and for asking. */

import { ElasticsearchError } from "./elasticsearch.ts";

/** The index that a row was written to; rows of other doors have none. */
export const INDEX_ATTRIBUTE = "_index";
/** The id that its writer gave it. */
export const ID_ATTRIBUTE = "_id";
/** Indices that are all rows: what is written to one is in no index of its own. */
export const INDEX_ALIASES: readonly string[] = ["logs", "logs-obs-default", "obs-logs"];

/** What no name of an index has. */
export const ILLEGAL_IN_INDEX_NAMES = /[\\/?"<>| #:\u0000-\u001f]/;

export const indexNameError = (name: string, why: string): ElasticsearchError => new ElasticsearchError(400, "invalid_index_name_exception", `Invalid index name [${name.slice(0, 255)}], ${why}`, { index: name.slice(0, 255) });

/** Throws invalid_index_name_exception for what no index may be called. */
export const checkIndexName = (name: string): string => {
  if (name === "" || Buffer.byteLength(name) > 255) throw indexNameError(name, "must have 1 to 255 bytes");
  if (name !== name.toLowerCase()) throw indexNameError(name, "must be lowercase");
  if (/^[-_+]/.test(name) || name === "." || name === "..") throw indexNameError(name, "must not begin with '_', '-', or '+'");
  if (ILLEGAL_IN_INDEX_NAMES.test(name) || name.includes("*") || name.includes(",")) throw indexNameError(name, 'must not contain the characters \\ / * ? " < > | space , # :');
  return name;
};
