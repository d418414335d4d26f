/** One machine: processor, memory, disks, network. */

import { Button, Select } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { useEffect } from "react";
import { LiveButton } from "../../components/live-button.tsx";
import { followLink } from "../../components/shell.tsx";
import { TimePicker } from "../../components/time-picker.tsx";
import { buildAddress, navigate, useAddress } from "../../navigation.ts";
import { absoluteRange, DEFAULT_RANGE, followsClock, type TimeRange } from "../../time/time-range.ts";
import { clauseText } from "../logs/query-filters.ts";
import css from "./hosts.module.css";
import { PanelChart } from "./panel-chart.tsx";
import { PANELS } from "./panels.ts";
import { useHosts } from "./use-hosts.ts";

interface HostState {
  readonly range: TimeRange;
  readonly live: boolean;
}

const readHostState = (search: string): HostState => {
  const parameters = new URLSearchParams(search);
  return {
    range: { from: parameters.get("from") ?? DEFAULT_RANGE.from, to: parameters.get("to") ?? DEFAULT_RANGE.to },
    live: parameters.get("live") !== "off",
  };
};

const hostAddress = (host: string, { range, live }: HostState): string =>
  buildAddress(`/hosts/${encodeURIComponent(host)}`, {
    from: range.from === DEFAULT_RANGE.from && range.to === DEFAULT_RANGE.to ? undefined : range.from,
    to: range.to === DEFAULT_RANGE.to ? undefined : range.to,
    live: live ? undefined : "off",
  });

const HostPage = ({ host }: { readonly host: string }) => {
  const { search } = useAddress();
  const state = readHostState(search);
  const change = (part: Partial<HostState>): void => navigate(hostAddress(host, { ...state, ...part }));
  const hosts = useHosts();
  const names = [...new Set([host, ...(hosts.data ?? []).map((other) => other.host)])].sort();
  useEffect(() => {
    document.title = `${host} · obs`;
  }, [host]);
  const moves = followsClock(state.range);
  return (
    <div className={css.page}>
      <header className={css.header}>
        <Select
          aria-label="Host"
          data={names}
          value={host}
          searchable={names.length > 8}
          allowDeselect={false}
          w={260}
          onChange={(name) => name !== null && navigate(hostAddress(name, state))}
        />
        <Button
          component="a"
          variant="default"
          leftSection={<IconListSearch size={16} stroke={1.6} />}
          href={buildAddress("/logs", { q: clauseText("host", host), from: state.range.from, to: moves ? undefined : state.range.to })}
          onClick={followLink}
        >
          Its logs
        </Button>
        <span className={css.space} />
        <TimePicker value={state.range} onChange={(range) => change({ range })} />
        <LiveButton live={state.live} paused={moves ? undefined : "This range does not move with the clock"} onChange={(live) => change({ live })} />
      </header>
      <div className={css.grid}>
        {PANELS.map((panel) => (
          <PanelChart
            key={panel.id}
            panel={panel}
            host={host}
            range={state.range}
            live={state.live && moves}
            onZoom={(startMs, endMs) => change({ range: absoluteRange(startMs, endMs) })}
          />
        ))}
      </div>
    </div>
  );
};

export default HostPage;
