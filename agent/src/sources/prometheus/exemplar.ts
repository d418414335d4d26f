/** An exemplar of a page as a row has it. */

import type { ObservedExemplar } from "../../core/contracts.ts";
import type { PageExemplar } from "./page.ts";

const NS_PER_MS = 1_000_000n;
/** Labels that tell of the span, by the custom of OpenMetrics' clients; other forms of ids stay labels. */
const TRACE_ID = /^(?!0+$)[\da-f]{32}$/;
const SPAN_ID = /^(?!0+$)[\da-f]{16}$/;

/** `sampleMs` stands for a time that the page does not give. */
export const observedExemplar = ({ labels, value, timestampMs }: PageExemplar, sampleMs: number): ObservedExemplar => {
  const { trace_id: traceId = "", span_id: spanId = "", ...others } = Object.fromEntries(labels) as Record<string, string>;
  const [hasTrace, hasSpan] = [TRACE_ID.test(traceId), SPAN_ID.test(spanId)];
  return {
    timestamp: BigInt(Math.trunc(timestampMs ?? sampleMs)) * NS_PER_MS,
    value,
    traceId: hasTrace ? traceId : "",
    spanId: hasSpan ? spanId : "",
    attributes: { ...others, ...(!hasTrace && traceId !== "" && { trace_id: traceId }), ...(!hasSpan && spanId !== "" && { span_id: spanId }) },
  };
};
