/** The gateway: JSON doors in front of the agent's pipeline, and its way to delivery. */

export { createBulk } from "./bulk.ts";
export { createDoors } from "./doors.ts";
export { createDeliveryTransport } from "./delivery-transport.ts";
