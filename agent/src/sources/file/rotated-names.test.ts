import { expect, it } from "vitest";
import { isRotatedNameOf } from "./rotated-names.ts";

it.each([
  ["app.log", "app.log.1", true],
  ["app.log", "app.log.10", true],
  ["app.log", "app.log-20261122", true],
  ["app.log", "app.log-20261122-101500.1", true],
  ["app.log", "app.log.2026-11-22T10:15:00Z", true],
  ["app.log", "app.log.old", true],
  ["app.log", "app-20261122.log", true],
  ["app.log", "app.1.log", true],
  ["syslog", "syslog.1", true],
  ["app.log", "app.log", false],
  ["app.log.1", "app.log.10", false],
  ["app.log", "app.log.1.gz", false],
  ["app.log", "app.log.error", false],
  ["app.log", "app-worker.log", false],
  ["app.log", "web.log.1", false],
])("%s was once %s: %s", (path, candidate, rotated) => {
  expect(isRotatedNameOf(`/var/log/${path}`, `/var/log/${candidate}`)).toBe(rotated);
});
