import { Button } from "@mantine/core";
import { IconMoodEmpty } from "@tabler/icons-react";
import css from "../../components/state.module.css";
import type { LogsState } from "./logs-state.ts";

interface NoLinesProps {
  readonly state: LogsState;
  readonly onChange: (part: Partial<LogsState>) => void;
}

/** Nothing found: offers the ways out that fit what was asked. */
export const NoLines = ({ state, onChange }: NoLinesProps) => {
  const filtered = state.query !== "" || state.levels.length > 0;
  return (
    <div className={css.state}>
      <IconMoodEmpty size={36} stroke={1.3} className={css.icon} aria-hidden />
      <h2>{filtered ? "No line matches" : "No lines in this time range"}</h2>
      {filtered ? (
        <p>Words must all be there, in any order, unless they are joined by OR. A longer time range may hold what you look for.</p>
      ) : (
        <>
          <p>Lines appear here about a second after an agent has read them. To send the first:</p>
          <code>echo hello | npx obs-agent</code>
        </>
      )}
      <div className={css.actions}>
        {state.range.from !== "now-7d" && (
          <Button variant="default" size="xs" onClick={() => onChange({ range: { from: "now-7d", to: "now" } })}>
            Look at the last 7 days
          </Button>
        )}
        {state.query !== "" && (
          <Button variant="default" size="xs" onClick={() => onChange({ query: "" })}>
            Clear the query
          </Button>
        )}
        {state.levels.length > 0 && (
          <Button variant="default" size="xs" onClick={() => onChange({ levels: [] })}>
            All levels
          </Button>
        )}
      </div>
    </div>
  );
};
