import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{agent,backend,bench,plugins,.dev}/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    setupFiles: [".dev/property-seed.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Several suites start a real ClickHouse (0.3 GB each) and the machine may have two cores.
    maxWorkers: 2,
    pool: "forks",
  },
});
