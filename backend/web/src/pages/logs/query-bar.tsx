/** Where the query is written, and where its error is shown. */

import { ActionIcon, Popover } from "@mantine/core";
import { IconHelpCircle, IconSearch, IconX } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { ApiFailure } from "../../api/client.ts";
import css from "./query-bar.module.css";
import { withLevels } from "./query-filters.ts";
import { QueryHelp } from "./query-help.tsx";

interface QueryBarProps {
  readonly query: string;
  readonly levels: readonly string[];
  readonly error: Error | null;
  readonly onRun: (query: string) => void;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Where in the bar's text the query is wrong, when the backend says so. */
const errorPlace = (error: ApiFailure, sentOffset: number): Place | undefined => {
  const { offset, length } = (error.details ?? {}) as { readonly offset?: unknown; readonly length?: unknown };
  if (typeof offset !== "number") return undefined;
  const start = Math.max(offset - sentOffset, 0);
  return { start, end: start + Math.max(typeof length === "number" ? length : 1, 1) };
};

export const QueryBar = ({ query, levels, error, onRun }: QueryBarProps) => {
  const [text, setText] = useState(query);
  // The address may change under the bar: by a filter button, by back and forward.
  const [knownQuery, setKnownQuery] = useState(query);
  if (query !== knownQuery) {
    setKnownQuery(query);
    setText(query);
  }
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      input.current?.select();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") onRun(text.trim());
    if (event.key === "Escape") input.current?.blur();
  };
  const invalid = error instanceof ApiFailure && error.code === "invalid_query" ? error : undefined;
  return (
    <div className={css.bar}>
      <div className={css.field} data-invalid={invalid !== undefined || undefined}>
        <IconSearch size={16} stroke={1.8} className={css.icon} aria-hidden />
        <input
          ref={input}
          className={css.input}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          placeholder='Search: timeout AND service:api AND NOT level:DEBUG'
          aria-label="Query"
          aria-invalid={invalid !== undefined}
          aria-describedby={invalid === undefined ? undefined : "query-error"}
          spellCheck={false}
          autoComplete="off"
        />
        {text === "" ? (
          <kbd>/</kbd>
        ) : (
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Clear the query" onClick={() => onRun("")}>
            <IconX size={14} />
          </ActionIcon>
        )}
        <Popover position="bottom-end" shadow="md" width={440}>
          <Popover.Target>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label="How to write a query">
              <IconHelpCircle size={16} />
            </ActionIcon>
          </Popover.Target>
          <Popover.Dropdown>
            <QueryHelp />
          </Popover.Dropdown>
        </Popover>
      </div>
      {invalid !== undefined && <QueryError query={query} message={invalid.message} place={errorPlace(invalid, withLevels(query, levels).offset)} />}
    </div>
  );
};

interface QueryErrorProps {
  readonly query: string;
  readonly message: string;
  readonly place: Place | undefined;
}

const QueryError = ({ query, message, place }: QueryErrorProps) => (
  <div className={css.error} id="query-error" role="alert">
    {place !== undefined && (
      <code>
        {query.slice(0, place.start)}
        <em>{query.slice(place.start, place.end) || "\u00a0"}</em>
        {query.slice(place.end)}
      </code>
    )}
    {/* The place is marked above; its number counts what was sent, levels included. */}
    <span>{message.replace(/ \(at character \d+\)/, "")}</span>
  </div>
);
