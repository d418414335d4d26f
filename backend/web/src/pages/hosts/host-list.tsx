/** All hosts at a glance. */

import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconServerOff } from "@tabler/icons-react";
import { useEffect } from "react";
import { readMetric } from "../../api/metrics.ts";
import { ErrorState } from "../../components/error-state.tsx";
import { followLink } from "../../components/shell.tsx";
import stateCss from "../../components/state.module.css";
import { formatUnit } from "../../format/units.ts";
import { formatAge } from "../../time/format-time.ts";
import css from "./hosts.module.css";
import { type Overview, toOverview } from "./overview.ts";
import { useHosts } from "./use-hosts.ts";
import { REFRESH_MS } from "./use-panel.ts";

const OVERVIEW_MS = 120_000;
/** Samples come every 10 s; a host this long silent is marked. */
const SILENT_MS = 60_000;

const readOverview = async (signal: AbortSignal): Promise<Overview> => {
  const span = { startMs: Date.now() - OVERVIEW_MS, endMs: Date.now() };
  const read = (metric: string, by: readonly string[]) => readMetric({ metric, fn: "last", by, match: [] }, span, 30, signal);
  const [cpu, memory, load] = await Promise.all([
    read("system.cpu.utilization", ["host", "state"]),
    read("system.memory.usage", ["host", "state"]),
    read("system.cpu.load_average.1m", ["host"]),
  ]);
  return toOverview(cpu, memory, load);
};

const HostList = () => {
  const hosts = useHosts();
  const overview = useQuery({ queryKey: ["overview"], queryFn: ({ signal }) => readOverview(signal), refetchInterval: REFRESH_MS });
  useEffect(() => {
    document.title = "Hosts · obs";
  }, []);
  if (hosts.isPending) return <Skeleton height={160} m="md" width="auto" />;
  if (hosts.isError) return <ErrorState error={hosts.error} onRetry={() => void hosts.refetch()} />;
  if (hosts.data.length === 0) return <NoHosts />;
  return (
    <div className={css.list}>
      <h1>Hosts</h1>
      <table>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">CPU</th>
            <th scope="col">Memory</th>
            <th scope="col">Load</th>
            <th scope="col">Last heard of</th>
          </tr>
        </thead>
        <tbody>
          {hosts.data.map(({ host, last_seen }) => {
            const silent = Date.now() - Date.parse(last_seen) > SILENT_MS;
            const now = silent ? undefined : overview.data?.get(host);
            return (
              <tr key={host}>
                <td>
                  <a href={`/hosts/${encodeURIComponent(host)}`} onClick={followLink}>
                    {host}
                  </a>
                </td>
                <Meter value={now?.cpu} />
                <Meter value={now?.memory} />
                <td>{now?.load === undefined ? "–" : formatUnit(now.load, "number")}</td>
                <td>
                  {formatAge(Date.parse(last_seen), Date.now())}
                  {silent && <em>silent</em>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
};

const Meter = ({ value }: { readonly value: number | undefined }) => (
  <td>
    {value === undefined ? (
      "–"
    ) : (
      <span className={css.meter}>
        <span>
          <i style={{ width: `${Math.min(100 * value, 100)}%` }} />
        </span>
        {formatUnit(value, "fraction")}
      </span>
    )}
  </td>
);

const NoHosts = () => (
  <div className={stateCss.state}>
    <IconServerOff size={36} stroke={1.3} className={stateCss.icon} aria-hidden />
    <h2>No host has reported yet</h2>
    <p>An agent reports its host&apos;s CPU, memory, disks and network every 10 seconds, without configuration:</p>
    <code>npx obs-agent</code>
  </div>
);

export default HostList;
