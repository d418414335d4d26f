/** The rows, or what stands in their place: loading, nothing found, an error. */

import { Alert, Button, Skeleton } from "@mantine/core";
import { IconPencilX } from "@tabler/icons-react";
import { ApiFailure } from "../../api/client.ts";
import { ErrorState } from "../../components/error-state.tsx";
import stateCss from "../../components/state.module.css";
import css from "./log-list.module.css";
import { LogList } from "./log-list.tsx";
import type { LogsState } from "./logs-state.ts";
import { NoLines } from "./no-lines.tsx";
import type { useLogSearch } from "./use-log-search.ts";

const DAY_MS = 86_400_000;

interface LogResultsProps {
  readonly search: ReturnType<typeof useLogSearch>;
  readonly state: LogsState;
  readonly terms: readonly string[];
  readonly selectedId: string | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly onChange: (part: Partial<LogsState>) => void;
  readonly onAtTop: (atTop: boolean) => void;
}

const SkeletonRows = () => (
  <div className={css.skeleton} aria-label="Loading" aria-busy>
    {Array.from({ length: 24 }, (_, i) => (
      <Skeleton key={i} height={12} mb={12} radius="sm" width={`${95 - ((i * 37) % 55)}%`} />
    ))}
  </div>
);

/** The query bar shows what is wrong and where. */
const UnreadQuery = () => (
  <div className={stateCss.state}>
    <IconPencilX size={36} stroke={1.3} className={stateCss.icon} aria-hidden />
    <h2>The query cannot be read</h2>
    <p>What is wrong stands under the query bar; the question mark in it shows how queries are written.</p>
  </div>
);

export const LogResults = ({ search, state, terms, selectedId, onSelect, onChange, onAtTop }: LogResultsProps) => {
  const { records, error, range } = search;
  if (search.isPending) return <SkeletonRows />;
  const isQueryError = error instanceof ApiFailure && error.code === "invalid_query";
  if (error !== null && records.length === 0) return isQueryError ? <UnreadQuery /> : <ErrorState error={error} onRetry={search.retry} />;
  if (records.length === 0) return <NoLines state={state} onChange={onChange} />;
  return (
    <>
      {error !== null && !isQueryError && (
        <Alert color="orange" py={6} radius={0} role="alert">
          {error.message} These lines were read before.{" "}
          <Button variant="subtle" size="compact-xs" onClick={search.retry}>
            Try again
          </Button>
        </Alert>
      )}
      <LogList
        records={records}
        terms={terms}
        withDate={range !== undefined && range.endMs - range.startMs >= DAY_MS}
        stale={search.isStale}
        selectedId={selectedId}
        onSelect={onSelect}
        onEnd={search.loadMore}
        onAtTop={onAtTop}
      />
    </>
  );
};
