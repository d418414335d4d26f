/**
 * `_bulk`: actions and documents, one in a line. Documents are appended, as to a data stream: there is
 * no updating and no deleting, and an id that is written twice is there twice.
 * Source: elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */

import { illegalArgument, type BulkRequest, type WriteBulk } from "../core/elasticsearch.ts";
import { checkIndexName } from "../core/elasticsearch-names.ts";
import type { DocumentOutcome, IncomingDocument, IngestDoors } from "../core/ingest.ts";

const MAX_ACTIONS = 10_000;
const WRITING = ["index", "create"];
const REFUSED = ["update", "delete"];

interface Action {
  readonly type: string;
  readonly index: string;
  readonly id: string | undefined;
  /** undefined for an action that there is not. */
  readonly source: string | undefined;
  readonly refusal: string | undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined);

/** What is wrong with an action's index; undefined: nothing. */
const indexFault = (index: string): string | undefined => {
  try {
    checkIndexName(index);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

/** Throws illegal_argument_exception when it cannot be told which line is what. */
const actionsOf = ({ text, index: fallback }: BulkRequest): Action[] => {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const actions: Action[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === "") continue;
    if (actions.length === MAX_ACTIONS) throw illegalArgument(`The request has more than ${MAX_ACTIONS} actions; send smaller ones`);
    const malformed = (why: string) => illegalArgument(`Malformed action/metadata line [${at + 1}], ${why}`);
    const line = parsed(lines[at]!);
    const [entry, another] = isObject(line) ? Object.entries(line) : [];
    if (!entry || another) throw malformed("expected an object with one action: index, create, update or delete");
    const [type, options] = entry;
    if (!isObject(options) || ![...WRITING, ...REFUSED].includes(type)) throw malformed(`expected field [create], [delete], [index] or [update] but found [${type.slice(0, 100)}]`);
    const index = textOf(options["_index"]) ?? fallback;
    if (index === undefined) throw malformed("index is missing: name it in the action or in the address");
    const source = type === "delete" ? undefined : lines[++at];
    if (type !== "delete" && (source === undefined || source === "")) throw malformed(`the document of [${type}] is missing behind it`);
    const refusal = REFUSED.includes(type) ? `[${type}] is not supported: logs are only appended` : indexFault(index);
    actions.push({ type, index, id: textOf(options["_id"]), source, refusal });
  }
  if (actions.length === 0) throw illegalArgument("request body is required: actions and documents, one in a line");
  return actions;
};

const itemOf = ({ type, index, id, refusal }: Action, outcome: DocumentOutcome | undefined): object => {
  const failed = (reason: string, errorType: string): object => ({ [type]: { _index: index, _id: id ?? null, status: 400, error: { type: errorType, reason } } });
  if (refusal !== undefined) return failed(refusal, REFUSED.includes(type) ? "illegal_argument_exception" : "invalid_index_name_exception");
  if (!outcome || "code" in outcome) return failed(outcome?.message ?? "", "document_parsing_exception");
  return { [type]: { _index: index, _id: outcome.id, _version: 1, result: "created", _shards: { total: 1, successful: 1, failed: 0 }, _seq_no: 0, _primary_term: 1, status: 201 } };
};

export const createBulk =
  (doors: Pick<IngestDoors, "documents">): WriteBulk =>
  async (policy, request) => {
    const started = performance.now();
    const actions = actionsOf(request);
    const documents = actions.flatMap(({ index, id, source, refusal }): IncomingDocument[] => (refusal === undefined && source !== undefined ? [{ index, id, source }] : []));
    const outcomes = (documents.length === 0 ? [] : await doors.documents(policy, documents, request.bytes)).values();
    const items = actions.map((action) => itemOf(action, action.refusal === undefined ? outcomes.next().value : undefined));
    const rejected = items.filter((item) => Object.values(item).some(({ status }: { status: number }) => status >= 400)).length;
    return { body: { took: Math.round(performance.now() - started), errors: rejected > 0, items }, accepted: items.length - rejected, rejected };
  };
