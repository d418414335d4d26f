import { describe, expect, it } from "vitest";
import { FieldCensus, type FieldSample, type SampledField } from "./field-census.ts";

const sampleOf = (service: string, rows: number, fields: Record<string, SampledField>): { fields: FieldSample } => ({ fields: { services: new Map([[service, { rows, fields: new Map(Object.entries(fields)) }]]) } });

describe("census of fields", () => {
  it("adds up samples by service and field, and tells shares, types, an example and when", () => {
    let now = 1_000;
    const census = new FieldCensus(() => now);
    census.see([sampleOf("api", 10, { status: { rows: 10, types: { integer: 10 }, example: "200" }, user: { rows: 5, types: { string: 5 }, example: "" } }), {}]);
    now = 2_000;
    census.see([sampleOf("api", 10, { user: { rows: 5, types: { string: 4, integer: 1 }, example: "ann" } }), sampleOf("db", 1, {})]);
    expect(census.report()).toEqual({
      since: 1_000,
      others: 0,
      services: [
        {
          service: "api", sampledRows: 20, lastSeen: 2_000, others: 0,
          fields: [
            { name: "status", share: 0.5, types: { integer: 10 }, example: "200", firstSeen: 1_000, lastSeen: 1_000 },
            { name: "user", share: 0.5, types: { string: 9, integer: 1 }, example: "ann", firstSeen: 1_000, lastSeen: 2_000 },
          ],
        },
        { service: "db", sampledRows: 1, lastSeen: 2_000, others: 0, fields: [] },
      ],
    }); // prettier-ignore
    expect(census.report("db").services.map(({ service }) => service)).toEqual(["db"]);
    expect(census.size).toEqual({ services: 2, fields: 2 });
  });

  it("keeps so many services and fields, and counts the rest", () => {
    const census = new FieldCensus(() => 0);
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`f${index}`, { rows: 2, types: { string: 2 }, example: "x" }]));
    for (let index = 0; index < 600; index++) census.see([sampleOf(`s${index}`, 3, index === 0 ? many : {})]);
    const { services, others } = census.report();
    expect([services.length, others]).toEqual([500, 300]);
    expect(services.find(({ service }) => service === "s0")).toMatchObject({ others: 200 });
    expect(census.size).toEqual({ services: 500, fields: 500 });
  });
});
