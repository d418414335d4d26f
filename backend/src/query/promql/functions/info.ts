/** `info(v, {selector})`: labels of info metrics (target_info by default) on series with the same job and instance. */

import { executionError } from "../errors.ts";
import { METRIC_NAME, type Labels } from "../labels.ts";
import { compileMatcher } from "../matchers.ts";
import { unwrap, type Call, type Matcher, type VectorSelector } from "../syntax.ts";
import { ABSENT, GridSeries, type Afford, type Grid } from "../values.ts";

const DEFAULT_METRIC = "target_info";
const IDENTIFYING = new Set(["instance", "job"]);

const selectors = new WeakMap<Call, VectorSelector>();

/** The selector of the info series: what the query names, or target_info. The same one for the same call. */
export const infoSelector = (call: Call): VectorSelector => {
  const known = selectors.get(call);
  if (known) return known;
  const inner = call.args[1] && unwrap(call.args[1]);
  const names = inner?.kind === "selector" ? inner.matchers.filter(({ name }) => name === METRIC_NAME) : [];
  const matchers = names.length > 0 ? names : [{ name: METRIC_NAME, operator: "=" as const, value: DEFAULT_METRIC }];
  const selector: VectorSelector = { kind: "selector", matchers, from: call.from, to: call.to };
  selectors.set(call, selector);
  return selector;
};

const identityOf = (labels: Labels): string => labels.keep(IDENTIFYING).key;

interface Wanted {
  readonly matcher: Matcher;
  readonly test: (text: string) => boolean;
}

export const info = ({ args }: Call, base: readonly GridSeries[], infos: readonly GridSeries[], { steps }: Grid, afford: Afford): GridSeries[] => {
  const selector = args[1] && unwrap(args[1]);
  const wanted = selector?.kind === "selector" ? selector.matchers.filter(({ name }) => name !== METRIC_NAME).map((matcher) => ({ matcher, test: compileMatcher(matcher) })) : [];
  const isInfo = new Set(infos.map(({ labels }) => labels.metricName));
  const byIdentity = Map.groupBy(infos, ({ labels }) => identityOf(labels));
  const results = new Map<string, GridSeries>();
  for (const one of base)
    for (let step = 0; step < steps; step++) {
      if (one.kinds[step] === ABSENT) continue;
      const labels = isInfo.has(one.labels.metricName) ? one.labels : enriched(one, byIdentity.get(identityOf(one.labels)) ?? [], step, wanted);
      if (!labels) continue;
      let result = results.get(labels.key);
      if (!result) {
        afford((results.size + 1) * steps);
        results.set(labels.key, (result = new GridSeries(labels, steps, one.dropsName)));
      }
      result.copy(step, one);
    }
  return [...results.values()];
};

/** undefined: what the query asks of info labels does not hold. */
const enriched = (one: GridSeries, infos: readonly GridSeries[], step: number, wanted: readonly Wanted[]): Labels | undefined => {
  let { labels } = one;
  const seen = new Map<string, GridSeries>();
  for (const candidate of infos.filter(({ kinds }) => kinds[step] !== ABSENT)) {
    const name = candidate.labels.metricName;
    const other = seen.get(name);
    if (other) throw executionError(`found duplicate series for info metric: existing ${other.labels.toString()}, new ${candidate.labels.toString()}`);
    seen.set(name, candidate);
    if (!wanted.every(({ matcher, test }) => test(candidate.labels.get(matcher.name)))) continue;
    for (const [label, value] of candidate.labels.pairs) {
      if (label === METRIC_NAME || IDENTIFYING.has(label) || one.labels.get(label) !== "") continue;
      if (wanted.length === 0 || wanted.some(({ matcher }) => matcher.name === label)) labels = labels.set(label, value);
    }
  }
  return wanted.every(({ matcher, test }) => test(labels.get(matcher.name))) ? labels : undefined;
};
