/** Everything about one line, beside the list. */

import { ActionIcon, Button } from "@mantine/core";
import { IconRoute, IconServer2, IconX } from "@tabler/icons-react";
import { useEffect, useEffectEvent } from "react";
import type { LogRecord } from "../../api/types.ts";
import { CopyButton } from "../../components/copy-button.tsx";
import { followLink } from "../../components/shell.tsx";
import { buildAddress } from "../../navigation.ts";
import { formatAge, formatFullTime } from "../../time/format-time.ts";
import { FieldTable } from "./field-table.tsx";
import css from "./log-detail.module.css";
import { LevelBadge } from "./level-badge.tsx";
import { MarkedText } from "./marked-text.tsx";
import { attributeField, clauseText } from "./query-filters.ts";

interface LogDetailProps {
  readonly record: LogRecord;
  readonly terms: readonly string[];
  readonly onFilter: (field: string, value: string, exclude: boolean) => void;
  readonly onClose: () => void;
}

/** Fields of the record itself, when they have a value. */
const coreFields = (record: LogRecord): (readonly [name: string, value: string])[] =>
  (["service", "host", "environment", "level", "trace_id", "span_id"] as const)
    .map((name) => [name, record[name]] as const)
    .filter(([, value]) => value !== "");

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

export const LogDetail = ({ record, terms, onFilter, onClose }: LogDetailProps) => {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === "Escape" && !event.defaultPrevented) onClose();
  });
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  const attributes = Object.entries(record.attributes).sort(byName);
  return (
    <aside className={css.detail} aria-label="Line detail">
      <header className={css.head}>
        <LevelBadge level={record.level} />
        <time dateTime={record.timestamp}>{formatFullTime(record.timestamp)}</time>
        <span className={css.age}>{formatAge(Date.parse(record.timestamp), Date.now())}</span>
        <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Close the detail" title="Close (Esc)" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      <div className={css.scroll}>
        <pre className={css.message}>
          <MarkedText text={record.message} terms={terms} />
        </pre>
        <div className={css.actions}>
          <CopyButton label="Copy as JSON" text={() => JSON.stringify(record, undefined, 2)} />
          <CopyButton label="Copy message" text={() => record.message} />
          <CopyButton label="Copy link" text={() => window.location.href} />
          {record.trace_id !== "" && (
            <Button
              component="a"
              variant="default"
              size="compact-xs"
              leftSection={<IconRoute size={13} />}
              href={buildAddress("/logs", { q: clauseText("trace_id", record.trace_id), from: "now-24h" })}
              onClick={followLink}
            >
              Lines of this trace
            </Button>
          )}
          {record.host !== "" && (
            <Button
              component="a"
              variant="default"
              size="compact-xs"
              leftSection={<IconServer2 size={13} />}
              href={`/hosts/${encodeURIComponent(record.host)}`}
              onClick={followLink}
            >
              Host
            </Button>
          )}
        </div>
        <FieldTable title="Fields" fields={coreFields(record)} onFilter={onFilter} />
        {attributes.length > 0 && <FieldTable title="Attributes" fields={attributes} onFilter={(name, value, exclude) => onFilter(attributeField(name), value, exclude)} />}
        <dl className={css.times}>
          <dt>Observed</dt>
          <dd>{formatFullTime(record.observed)}</dd>
          <dt>Received</dt>
          <dd>{formatFullTime(record.received)}</dd>
          <dt>Id</dt>
          <dd>{record.id}</dd>
        </dl>
      </div>
    </aside>
  );
};
