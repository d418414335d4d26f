export { createDelivery, type Delivery, type DeliveryCounters, type DeliveryOptions } from "./delivery.ts";
export { DEFAULT_LIMITS, type DeliveryLimits } from "./limits.ts";
