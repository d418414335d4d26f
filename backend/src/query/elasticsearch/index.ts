/** Elasticsearch's API over the store: each answer is the body that Elasticsearch gives. */

import type { ElasticsearchQueries, ElasticsearchRequest } from "../../core/elasticsearch.ts";
import type { Store } from "../../core/store.ts";
import { TenantScope } from "../../sql/sql.ts";
import { fieldCapabilities, mapping } from "./mapping.ts";
import { multiSearch } from "./search/multi-search.ts";
import { count, search, type Asking } from "./search/search.ts";

export interface ElasticsearchQueriesOptions {
  readonly store: Store;
  /** ms since 1970. */
  readonly now: () => number;
}

export const createElasticsearchQueries = ({ store, now }: ElasticsearchQueriesOptions): ElasticsearchQueries => {
  const asking = (answer: (asking: Asking, request: ElasticsearchRequest) => Promise<object>) => async (tenant: string, request: ElasticsearchRequest, signal?: AbortSignal) =>
    answer({ store, scope: new TenantScope(tenant), nowMs: now(), signal }, request);
  return {
    get available() {
      return store.available;
    },
    search: asking(search),
    multiSearch: asking(multiSearch),
    count: asking(count),
    mapping: asking(mapping),
    fieldCapabilities: asking(fieldCapabilities),
  };
};
