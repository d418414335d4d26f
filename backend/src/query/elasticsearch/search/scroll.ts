/** Reading on through a search: scrolls, points in time, and searches that need not be waited for. */

import { illegalArgument, type ElasticsearchRequest } from "../../../core/elasticsearch.ts";
import { asArray, asList, asText, isObject, type JsonObject } from "../json.ts";
import { bodyOf, parameter, parseSearch } from "./request.ts";
import { runSearch, search, SHARDS, type Asking } from "./search.ts";
import { checkKeepAlive, pointInTimeId, readPointInTime, readScroll, scrollId, type Scroll } from "./snapshot.ts";

/** The store's clock stamps rows. */
const receivedBy = ({ store, nowMs }: Asking): number => Math.floor(nowMs + store.clockOffsetMs);

/** A search, and with `?scroll=1m` the first page of one. */
export const searchOrScroll = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  const keepAlive = parameter(request.parameters, "scroll");
  if (keepAlive === undefined) return search(asking, request);
  checkKeepAlive(keepAlive, "scroll");
  const { scroll: _scroll, ...parameters } = request.parameters;
  const body = bodyOf(request);
  if (body["pit"] !== undefined) throw illegalArgument("[scroll] cannot be used with a point in time");
  if (Number(body["from"] ?? parameter(parameters, "from") ?? 0) > 0) throw illegalArgument("`from` parameter must be set to 0 in a scroll context");
  if (Number(body["size"] ?? parameter(parameters, "size") ?? 1) === 0) throw illegalArgument("[size] cannot be [0] in a scroll context");
  return page(asking, { index: request.index, receivedMs: receivedBy(asking), parameters, body, after: [] });
};

export const nextPage = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  const body = bodyOf(request);
  const keepAlive = body["scroll"] ?? parameter(request.parameters, "scroll");
  if (keepAlive !== undefined) checkKeepAlive(keepAlive, "scroll");
  return page(asking, readScroll(body["scroll_id"] ?? parameter(request.parameters, "scroll_id")));
};

const page = async (asking: Asking, scroll: Scroll): Promise<object> => {
  const isFirst = scroll.after.length === 0;
  // Aggregations are told with the first page.
  const { aggs: _aggs, aggregations: _aggregations, ...withoutAggregations } = scroll.body as { aggs?: unknown; aggregations?: unknown } & JsonObject;
  const body = isFirst ? scroll.body : { ...withoutAggregations, search_after: scroll.after };
  const answer = await runSearch(asking, parseSearch({ index: scroll.index, parameters: scroll.parameters, body }, asking.nowMs, scroll));
  const last = (answer as { hits: { hits: readonly { sort?: readonly unknown[] }[] } }).hits.hits.at(-1)?.sort;
  return { _scroll_id: scrollId({ ...scroll, body: withoutAggregations, after: last ?? scroll.after }), ...answer };
};

const idsOf = (value: unknown): readonly unknown[] => (value === undefined ? [] : asArray(asList(value), "ids"));

/** Nothing is kept, so nothing is freed; what is no id is told. */
export const closeScrolls = async (_asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  const ids = idsOf(bodyOf(request)["scroll_id"] ?? parameter(request.parameters, "scroll_id")?.split(",")).filter((id) => id !== "_all");
  for (const id of ids) readScroll(id);
  return { succeeded: true, num_freed: ids.length };
};

export const openPointInTime = async (asking: Asking, { index, parameters }: ElasticsearchRequest): Promise<object> => {
  checkKeepAlive(parameter(parameters, "keep_alive"), "keep_alive");
  parseSearch({ index, parameters: {} }, asking.nowMs);
  return { id: pointInTimeId({ index, receivedMs: receivedBy(asking) }), _shards: SHARDS };
};

export const closePointInTime = async (_asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  readPointInTime(asText(bodyOf(request)["id"], "[id]"));
  return { succeeded: true, num_freed: 1 };
};

/** Every search ends within its time: one that may be asked about later is done when its request is. */
export const asyncSearch = async (asking: Asking, request: ElasticsearchRequest): Promise<object> => {
  const response = await search(asking, request);
  const timedOut = isObject(response) && response["timed_out"] === true;
  return { is_partial: timedOut, is_running: false, start_time_in_millis: asking.nowMs, completion_time_in_millis: asking.nowMs + Number((response as { took: number }).took), expiration_time_in_millis: asking.nowMs, response };
};
