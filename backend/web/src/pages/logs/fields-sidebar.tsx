/** Which fields the lines have, and their commonest values. */

import { ActionIcon, Skeleton, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { IconZoomOut } from "@tabler/icons-react";
import { useState } from "react";
import { readFields } from "../../api/logs.ts";
import type { LogField } from "../../api/types.ts";
import { formatShortCount } from "../../format/units.ts";
import { resolveRange, type TimeRange } from "../../time/time-range.ts";
import css from "./fields-sidebar.module.css";
import { attributeField } from "./query-filters.ts";

type OnFilter = (field: string, value: string, exclude: boolean) => void;

interface FieldsSidebarProps {
  readonly range: TimeRange;
  readonly onFilter: OnFilter;
}

/** The level buttons are above the list already. */
const HIDDEN = new Set(["level", "severity"]);
const OPEN_AT_FIRST = new Set(["service", "host"]);
/** Core fields that people ask about most, before the others. */
const FIRST = ["service", "host", "environment"];
const SEARCHABLE_FROM = 12;
const REFRESH_MS = 60_000;

const rank = ({ name }: LogField): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

export const FieldsSidebar = ({ range, onFilter }: FieldsSidebarProps) => {
  const [wanted, setWanted] = useState("");
  const fields = useQuery({
    queryKey: ["fields", range.from, range.to],
    queryFn: ({ signal }) => {
      const { startMs, endMs } = resolveRange(range, Date.now());
      return readFields(startMs, endMs, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const shown = (fields.data ?? []).filter(({ name }) => !HIDDEN.has(name) && name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <aside className={css.sidebar} aria-label="Fields">
      {(fields.data?.length ?? 0) > SEARCHABLE_FROM && (
        <TextInput size="xs" m={8} placeholder="Find a field" aria-label="Find a field" value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
      )}
      {fields.isPending && Array.from({ length: 8 }, (_, i) => <Skeleton key={i} height={12} m={12} width="70%" />)}
      {fields.isError && <p className={css.note}>The fields could not be read.</p>}
      <FieldGroup title="Fields" fields={shown.filter(({ kind }) => kind === "core").sort((a, b) => rank(a) - rank(b))} onFilter={onFilter} />
      <FieldGroup title="Attributes" fields={shown.filter(({ kind }) => kind === "attribute")} onFilter={(name, value, exclude) => onFilter(attributeField(name), value, exclude)} />
    </aside>
  );
};

interface FieldGroupProps {
  readonly title: string;
  readonly fields: readonly LogField[];
  readonly onFilter: OnFilter;
}

const FieldGroup = ({ title, fields, onFilter }: FieldGroupProps) =>
  fields.length > 0 && (
    <>
      <h3 className={css.title}>{title}</h3>
      {fields.map((field) => (
        <details key={field.name} className={css.field} open={OPEN_AT_FIRST.has(field.name)}>
          <summary>
            <span title={field.name}>{field.name}</span>
            <small>{formatShortCount(field.count)}</small>
          </summary>
          {field.top.map(({ value, count }) => (
            <div key={value} className={css.value}>
              <button type="button" className={css.find} title={`Filter for ${field.name}: ${value}`} onClick={() => onFilter(field.name, value, false)}>
                <span className={css.share} style={{ width: `${Math.min((100 * count) / Math.max(field.count, 1), 100)}%` }} />
                <span className={css.text}>{value === "" ? "(empty)" : value}</span>
                <small>{formatShortCount(count)}</small>
              </button>
              <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`Filter out ${field.name}: ${value}`} title="Filter out" onClick={() => onFilter(field.name, value, true)}>
                <IconZoomOut size={13} />
              </ActionIcon>
            </div>
          ))}
        </details>
      ))}
    </>
  );
