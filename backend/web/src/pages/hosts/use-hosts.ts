import { useQuery } from "@tanstack/react-query";
import { readHosts } from "../../api/metrics.ts";
import { REFRESH_MS } from "./use-panel.ts";

/** A host that was silent for a week is not in the list. */
const LOOK_BACK_MS = 7 * 86_400_000;

/** Hosts that reported metrics, the one heard of last first. */
export const useHosts = () =>
  useQuery({
    queryKey: ["hosts"],
    queryFn: ({ signal }) => readHosts({ startMs: Date.now() - LOOK_BACK_MS, endMs: Date.now() }, signal),
    refetchInterval: REFRESH_MS,
  });
