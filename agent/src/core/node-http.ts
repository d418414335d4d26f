/**
 * node:http, without what comes along when it is imported as an ES module: reading all its exports,
 * its WebSocket among them, loads Node's own copy of undici, 45 ms of CPU and 14 MB of memory
 * (decision 0056).
 */
export const http = process.getBuiltinModule("node:http");
