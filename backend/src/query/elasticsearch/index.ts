/** Elasticsearch's API over the store: each answer is the body that Elasticsearch gives. */

import type { ElasticsearchQueries, ElasticsearchRequest } from "../../core/elasticsearch.ts";
import type { Store } from "../../core/store.ts";
import { TenantScope } from "../../sql/sql.ts";
import { describeIndex, document, listIndices } from "./documents.ts";
import { fieldCapabilities, mapping } from "./mapping.ts";
import { multiSearch } from "./search/multi-search.ts";
import { asyncSearch, closePointInTime, closeScrolls, nextPage, openPointInTime, searchOrScroll } from "./search/scroll.ts";
import { count, type Asking } from "./search/search.ts";

export interface ElasticsearchQueriesOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now: () => number;
}

export const createElasticsearchQueries = ({ store, now }: ElasticsearchQueriesOptions): ElasticsearchQueries => {
  const asking = <R extends ElasticsearchRequest, T>(answer: (asking: Asking, request: R) => Promise<T>) => async (tenant: string, request: R, signal?: AbortSignal): Promise<T> =>
    answer({ store, scope: new TenantScope(tenant), nowMs: now(), signal }, request);
  return {
    get available() {
      return store.available;
    },
    search: asking(searchOrScroll),
    asyncSearch: asking(asyncSearch),
    nextPage: asking(nextPage),
    closeScrolls: asking(closeScrolls),
    openPointInTime: asking(openPointInTime),
    closePointInTime: asking(closePointInTime),
    describeIndex: asking(describeIndex),
    document: asking(document),
    listIndices: asking(listIndices),
    multiSearch: asking(multiSearch),
    count: asking(count),
    mapping: asking(mapping),
    fieldCapabilities: asking(fieldCapabilities),
  };
};
