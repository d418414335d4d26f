/** The time range of a page: quick ranges, or two instants. */

import { ActionIcon, Button, Popover, TextInput } from "@mantine/core";
import { IconCalendarTime, IconChevronDown, IconZoomOut } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { formatMoment, toInputValue, zoneName } from "../time/format-time.ts";
import { absoluteRange, QUICK_RANGES, resolveRange, type TimeRange, zoomOut } from "../time/time-range.ts";
import css from "./time-picker.module.css";

interface TimePickerProps {
  readonly value: TimeRange;
  readonly onChange: (range: TimeRange) => void;
}

const rangeLabel = (range: TimeRange): string => {
  const quick = QUICK_RANGES.find(({ from }) => from === range.from);
  if (quick !== undefined && range.to === "now") return quick.label;
  const { startMs, endMs } = resolveRange(range, Date.now());
  return `${formatMoment(startMs)} – ${range.to === "now" ? "now" : formatMoment(endMs)}`;
};

export const TimePicker = ({ value, onChange }: TimePickerProps) => {
  const [opened, setOpened] = useState(false);
  const pick = (range: TimeRange): void => {
    setOpened(false);
    onChange(range);
  };
  return (
    <div className={css.picker}>
      <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus returnFocus width={420}>
        <Popover.Target>
          <Button
            variant="default"
            className={css.button}
            leftSection={<IconCalendarTime size={16} stroke={1.6} />}
            rightSection={<IconChevronDown size={14} />}
            aria-label={`Time range: ${rangeLabel(value)}`}
            onClick={() => setOpened(!opened)}
          >
            {rangeLabel(value)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <div className={css.panes}>
            <div className={css.quick} role="group" aria-label="Quick ranges">
              {QUICK_RANGES.map(({ label, from }) => (
                <button key={from} type="button" aria-pressed={value.from === from && value.to === "now"} onClick={() => pick({ from, to: "now" })}>
                  {label}
                </button>
              ))}
            </div>
            <AbsoluteForm value={value} onPick={pick} />
          </div>
        </Popover.Dropdown>
      </Popover>
      <ActionIcon variant="default" size={36} aria-label="Zoom out" title="Zoom out" onClick={() => onChange(zoomOut(resolveRange(value, Date.now()), Date.now()))}>
        <IconZoomOut size={16} stroke={1.6} />
      </ActionIcon>
    </div>
  );
};

const AbsoluteForm = ({ value, onPick }: { readonly value: TimeRange; readonly onPick: (range: TimeRange) => void }) => {
  const [initial] = useState(() => resolveRange(value, Date.now()));
  const [from, setFrom] = useState(toInputValue(initial.startMs));
  const [to, setTo] = useState(toInputValue(initial.endMs));
  const valid = Date.parse(from) < Date.parse(to);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (valid) onPick(absoluteRange(Date.parse(from), Date.parse(to)));
  };
  return (
    <form className={css.absolute} onSubmit={submit}>
      <TextInput type="datetime-local" step={1} size="xs" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
      <TextInput
        type="datetime-local"
        step={1}
        size="xs"
        label="To"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={valid ? undefined : "Must be later than the start"}
      />
      <Button type="submit" size="xs" disabled={!valid}>
        Apply
      </Button>
      <span className={css.zone}>{zoneName()}</span>
    </form>
  );
};
