import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * The dashboard is served by the backend from one origin, under a strict content security policy:
 * everything is bundled, nothing is inlined as script, no other host is asked for anything.
 */
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    // The polyfill would be an inline script on old browsers; every supported one preloads modules.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/signin": "http://127.0.0.1:8080" } },
});
