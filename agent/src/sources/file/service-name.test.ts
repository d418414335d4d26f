import { expect, it } from "vitest";
import { serviceOfPath } from "./service-name.ts";

it.each([
  ["/var/log/nginx/access.log", "nginx"],
  ["/var/log/syslog", "syslog"],
  ["/var/log/syslog.1", "syslog"],
  ["/var/log/auth.log", "auth"],
  ["/var/log/postgresql/16/main.log", "postgresql"],
  ["/srv/shop/logs/api.log", "api"],
  ["/srv/shop/checkout-20261122.log", "checkout"],
  ["/srv/shop/checkout.log.2026-11-22", "checkout"],
  ["/srv/shop/web-01.jsonl", "web"],
  ["/srv/shop/.log", ".log"],
])("%s is %s", (path, service) => {
  expect(serviceOfPath(path)).toBe(service);
});
