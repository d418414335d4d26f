import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readLogs } from "./logs.ts";
import { decodeMessage } from "./messages.ts";
import { readMetrics } from "./metrics.ts";
import { MalformedRequest } from "./read.ts";
import { readTraces } from "./traces.ts";

const READ = { host: "h", environment: "", nowMs: 1_700_000_000_000, promote: [], keepHistograms: false };

const outcome = (run: () => unknown): unknown => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
};

it("any JSON and any bytes are read or malformed, never more", () => {
  const keys = ["resourceLogs", "scopeLogs", "logRecords", "resourceMetrics", "scopeMetrics", "metrics", "resource", "scope", "attributes", "key", "value", "stringValue", "intValue", "kvlistValue", "arrayValue", "values", "body", "timeUnixNano", "traceId", "name", "sum", "gauge", "histogram", "summary", "dataPoints", "bucketCounts", "explicitBounds", "aggregationTemporality", "quantileValues", "exponentialHistogram", "exemplars", "filteredAttributes", "asDouble", "count", "resourceSpans", "scopeSpans", "spans", "__proto__"];
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof({ maxDepth: 9 }, fc.constantFrom<unknown>(null, 1, -1, 0.5, "", "x", "1", true), fc.array(tie("json"), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...keys), tie("json"), { maxKeys: 5 })),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), json), (request) => {
      for (const error of [outcome(() => readLogs(request, READ)), outcome(() => readMetrics(request, READ)), outcome(() => readMetrics(request, { ...READ, keepHistograms: true })), outcome(() => readTraces(request, READ))]) expect(error === undefined || error instanceof MalformedRequest).toBe(true);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const request = outcome(() => readMetrics(decodeMessage("MetricsRequest", bytes), READ));
      expect(request === undefined || request instanceof Error).toBe(true);
    }),
  );
});
