/** `_msearch`: several searches in one request, each with an answer or an error of its own. */

import { asElasticsearchError, errorBody, illegalArgument, parsingError, type ElasticsearchRequest, type Parameters } from "../../../core/elasticsearch.ts";
import { asArray, asObject, asText, type JsonObject } from "../json.ts";
import { search, type Asking } from "./search.ts";

const MAX_SEARCHES = 100;
/** A dashboard's panels share the tenant's places with its other queries. */
const AT_ONCE = 4;
/** Of a header, what a search reads from its address. */
const PARAMETERS = ["ignore_unavailable", "rest_total_hits_as_int"];

export const multiSearch = async (asking: Asking, { index, parameters, body }: ElasticsearchRequest): Promise<object> => {
  const started = performance.now();
  const lines = asArray(body, "the body");
  if (lines.length === 0 || lines.length % 2 === 1) throw parsingError("the body must have a header and a search in turn, one in a line");
  if (lines.length / 2 > MAX_SEARCHES) throw illegalArgument(`the body has ${lines.length / 2} searches; ${MAX_SEARCHES} are the most`);
  const requests = Array.from({ length: lines.length / 2 }, (_none, i) => requestOf(asObject(lines[2 * i], "a header"), lines[2 * i + 1], index, parameters));
  const responses: object[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < requests.length; at = next++) responses[at] = await answer(asking, requests[at]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { took: Math.round(performance.now() - started), responses };
};

const requestOf = (header: JsonObject, body: unknown, index: string | undefined, parameters: Parameters): ElasticsearchRequest => {
  const own = header["index"] ?? header["indices"];
  const names = own === undefined || own === null ? index : [own].flat().map((name) => asText(name, "[index] of a header")).join(",");
  const given = PARAMETERS.filter((name) => header[name] !== undefined).map((name) => [name, asText(header[name], `[${name}] of a header`)]);
  const shared = ["rest_total_hits_as_int", "typed_keys"].filter((name) => parameters[name] !== undefined).map((name) => [name, parameters[name]]);
  return { index: names, parameters: Object.fromEntries([...shared, ...given]) as Parameters, body };
};

const answer = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  try {
    return { ...(await search(asking, request)), status: 200 };
  } catch (error) {
    if (asking.signal?.aborted) throw error;
    const fault = asElasticsearchError(error as Error);
    // What is broken here is told by the whole request, which is logged.
    if (fault.status === 500) throw error;
    return errorBody(fault);
  }
};
