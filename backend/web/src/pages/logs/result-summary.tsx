import { Button } from "@mantine/core";
import { IconSortAscending, IconSortDescending } from "@tabler/icons-react";
import type { LogSearchAnswer } from "../../api/types.ts";
import { formatCount } from "../../format/units.ts";
import css from "./logs-page.module.css";

interface ResultSummaryProps {
  readonly answer: LogSearchAnswer | undefined;
  readonly order: "asc" | "desc";
  readonly onOrder: (order: "asc" | "desc") => void;
}

const totalText = ({ hits, completeness }: LogSearchAnswer): string =>
  `${completeness.partial ? "at least " : ""}${formatCount(hits.total)} ${hits.total === 1 ? "line" : "lines"}`;

/** How many lines there are, how long that took, whether it is the whole truth; and their order. */
export const ResultSummary = ({ answer, order, onOrder }: ResultSummaryProps) => (
  <div className={css.summary}>
    {answer !== undefined && (
      <>
        {answer.completeness.weights && <span title="Some lines were sampled at the edge; this counts those that they stand for">≈ {formatCount(Math.round(answer.completeness.estimated_total))} before sampling</span>}
        <strong aria-live="polite">{totalText(answer)}</strong>
        <span title="Time that the backend took">{formatCount(answer.took_ms)} ms</span>
      </>
    )}
    <Button
      variant="subtle"
      color="gray"
      size="compact-xs"
      leftSection={order === "desc" ? <IconSortDescending size={14} /> : <IconSortAscending size={14} />}
      onClick={() => onOrder(order === "desc" ? "asc" : "desc")}
    >
      {order === "desc" ? "Newest first" : "Oldest first"}
    </Button>
  </div>
);
