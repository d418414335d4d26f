import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Families } from "./families.ts";
import { PageError, parsePage, parseSeries, type PageExemplar, type PageFormat } from "./page.ts";

interface Row {
  readonly series: string;
  readonly value: number;
  readonly timestampMs?: number;
}

const read = (page: string, format: PageFormat = "text"): { rows: Row[]; metadata: string[]; exemplars: (PageExemplar & { text: string })[] } => {
  const rows: Row[] = [];
  const metadata: string[] = [];
  const exemplars: (PageExemplar & { text: string })[] = [];
  parsePage(page, format, {
    metadata: (...parts) => metadata.push(parts.join(" ")),
    sample: (series, value, timestampMs) => rows.push({ series, value, ...(timestampMs !== undefined && { timestampMs }) }),
    exemplar: (exemplar, text) => exemplars.push({ ...exemplar, text }),
  });
  return { rows, metadata, exemplars };
};

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

describe("a page", () => {
  it("in the text format is read", () => {
    const page = `# A comment for people.
# HELP http_requests_total The total\\nof "requests" \\\\ all.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000\r

msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\" }"} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
	not_a_number NaN
{"a.dotted name","a label"="b"} 1
`;
    expect(read(page)).toEqual({
      exemplars: [],
      metadata: ['HELP http_requests_total The total\nof "requests" \\ all.', "TYPE http_requests_total counter"],
      rows: [
        { series: 'http_requests_total{method="post",code="200"}', value: 1027, timestampMs: 1395066363000 },
        { series: 'http_requests_total{method="post",code="400",}', value: 3, timestampMs: 1395066363000 },
        { series: 'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\" }"}', value: 1458255915 },
        { series: "metric_without_timestamp_and_labels", value: 12.47 },
        { series: 'something_weird{problem="division by zero"}', value: Number.POSITIVE_INFINITY, timestampMs: -3982045 },
        { series: "not_a_number", value: Number.NaN },
        { series: '{"a.dotted name","a label"="b"}', value: 1 },
      ],
    });
  });

  it("in OpenMetrics is read, with its exemplars", () => {
    const page = `# TYPE foo_seconds histogram
# UNIT foo_seconds seconds
foo_seconds_bucket{le="0.1"} 8 # {} 0.054
foo_seconds_bucket{le="1"} 11 1520879607.789 # {trace_id="KOO5S4vxi0o",note="a # {b} \\" c"} 0.67 1520879607.789
foo_seconds_bucket{le="+Inf"} 17
foo_seconds_count 17
foo_seconds_sum 324789.3
plain 1 # {a="b"} 2
# EOF
`;
    expect(read(page, "openmetrics")).toMatchObject({
      exemplars: [
        { labels: new Map(), value: 0.054, timestampMs: undefined, text: "{} 0.054" },
        { labels: new Map([["trace_id", "KOO5S4vxi0o"], ["note", 'a # {b} " c']]), value: 0.67, timestampMs: 1520879607789, text: '{trace_id="KOO5S4vxi0o",note="a # {b} \\" c"} 0.67 1520879607.789' },
        { labels: new Map([["a", "b"]]), value: 2, timestampMs: undefined },
      ],
      metadata: ["TYPE foo_seconds histogram", "UNIT foo_seconds seconds"],
      rows: [{ value: 8 }, { value: 11, timestampMs: 1520879607789 }, { value: 17 }, { value: 17 }, { value: 324789.3 }, { series: "plain", value: 1 }],
    });
  });

  it.each<[string, string, PageFormat]>([
    ["no value", "a", "text"],
    ["no value after labels", 'a{b="c"}', "text"],
    ["a value that is none", "a 0x10", "text"],
    ["labels without an end", 'a{b="c} 1', "text"],
    ["a time that is none", "a 1 now", "text"],
    ["a time in seconds", "a 1 1.5", "text"],
    ["an exemplar in the text format", "a 1 # {} 1", "text"],
    ["a cut page", "a 1\n", "openmetrics"],
    ["more after the end", "# EOF\na 1\n", "openmetrics"],
    ["a malformed exemplar", "a 1 # {b} 1\n# EOF\n", "openmetrics"],
    ["an exemplar with a time that is none", "a 1 # {} 1 NaN\n# EOF\n", "openmetrics"],
    ["an exemplar without a value", 'a 1 # {b="c"}\n# EOF\n', "openmetrics"],
  ])("with %s is refused", (_name, page, format) => expect(() => read(page, format)).toThrow(PageError));

  it("of any text is read or refused", () => {
    const piece = fc.oneof(fc.constantFrom("a", "{", "}", '"', "=", ",", "\\", " ", "\n", "# ", "# TYPE ", "# EOF", "1", "NaN", "-", ".5", "le", "\t", "\r"), fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom<PageFormat>("text", "openmetrics"), (pieces, format) => {
        const outcome = ((): unknown => {
          try {
            return read(pieces.join(""), format).rows.map(({ series }) => parseSeries(series));
          } catch (error) {
            return error;
          }
        })();
        expect(Array.isArray(outcome) || outcome instanceof PageError).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("that was written is read as it was", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", "日", "😀", '"', "\\", "\n", "n", "{", "}", ",", "=", " ", "#"), minLength: 1, maxLength: 8 });
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/);
    const sample = fc.record({
      name: fc.oneof(fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,6}$/), text),
      labels: fc.dictionary(fc.oneof(name, text), text, { maxKeys: 4 }),
      value: fc.oneof(fc.double(), fc.integer()),
      time: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 10 }), fc.constantFrom<PageFormat>("text", "openmetrics"), (samples, format) => {
        const written = samples.map(({ name, labels, value, time }) => {
          const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
          const pairs = Object.entries(labels).map(([label, text]) => `${/^[a-zA-Z_]\w*$/.test(label) ? label : `"${escaped(label)}"`}="${escaped(text)}"`);
          const series = isPlain ? name + (pairs.length > 0 ? `{${pairs.join(",")}}` : "") : `{${[`"${escaped(name)}"`, ...pairs].join(",")}}`;
          const number = Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
          return `${series} ${number}${time === undefined ? "" : ` ${format === "text" ? time : time / 1_000}`}\n`;
        });
        const { rows } = read(written.join("") + (format === "text" ? "" : "# EOF\n"), format);
        expect(rows.map(({ series, value, timestampMs }) => ({ ...parseSeries(series), value: value + 0, time: timestampMs }))).toEqual(
          samples.map(({ name, labels, value, time }) => ({ name, labels: new Map(Object.entries(labels)), value: value + 0, time })),
        );
      }),
    );
  });
});

describe("a series", () => {
  it.each(["", "{}", "1a", "a b", 'a{b="c"', 'a{1b="c"}', 'a{b=c}', 'a{b="c" d="e"}', 'a{b="c",b="d"}', 'a{,}', '{"a","b"}', 'a{"b"}', '{b="c"}', 'a{b="c"}d'])("%j is refused", (text) => expect(parseSeries(text)).toBeUndefined());

  it("has no labels without a value", () => expect(parseSeries('a{b="",c="d"}')).toEqual({ name: "a", labels: new Map([["c", "d"]]) }));
});

it.each<[type: string, family: string, sample: string, kind: string]>([
  ["counter", "a_total", "a_total", "counter"],
  ["counter", "a", "a_total", "counter"],
  ["counter", "a", "a_created", "gauge"],
  ["gauge", "a_count", "a_count", "gauge"],
  ["histogram", "a", "a_bucket", "counter"],
  ["histogram", "a", "a_sum", "counter"],
  ["summary", "a", "a", "gauge"],
  ["summary", "a", "a_count", "counter"],
  ["gaugehistogram", "a", "a_gcount", "gauge"],
  ["info", "a", "a_info", "gauge"],
  ["untyped", "a", "a", "gauge"],
  ["counter", "b", "a", "gauge"],
])("a %s %s makes %s a %s", (type, family, sample, kind) => {
  const families = new Families();
  families.set("TYPE", family, type);
  families.set("HELP", family, "help");
  expect(families.of(sample).kind).toBe(kind);
});
