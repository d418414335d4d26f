import { expect, it } from "vitest";
import { deliveryTotalsIn } from "./delivery-counts.ts";

it("reads the delivery protocol's counters from Prometheus text", () => {
  const text = [
    "# TYPE obs_delivery_total counter",
    'obs_delivery_total{event="fenced"} 4',
    'obs_delivery_total{event="partial_repaired"} 17',
    'obs_delivery_total{event="repeats"} 30',
    "",
  ].join("\n");
  expect(deliveryTotalsIn(text)).toEqual({ partialRepaired: 17, fenced: 4 });
  expect(deliveryTotalsIn("")).toEqual({ partialRepaired: 0, fenced: 0 });
});
