/** Public entry of obs-backend. */

export { type AppOptions, createApp } from "./app.ts";
export { type Config, ConfigError, readConfig } from "./config.ts";
export { type RunningBackend, runBackend } from "./run.ts";
