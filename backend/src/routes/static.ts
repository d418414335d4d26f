/** The dashboard: files of its build, and its page for every address that is no file. */

import { existsSync } from "node:fs";
import { extname, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyPluginAsync } from "fastify";

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>obs</title>
<h1>The dashboard is not built</h1>
<p>The API answers under <code>/api/v1</code>. To build the dashboard, run
<code>npm start</code>, or <code>npx vite build</code> in <code>backend/web</code>, then load this page again.</p></html>
`;

/** Vite names these files by their content. */
const HASHED = "assets/";

export interface StaticRouteOptions {
  /** Folder of the build; may appear later. */
  readonly dashboardDir: string;
}

export const staticRoutes = ({ dashboardDir }: StaticRouteOptions): FastifyPluginAsync => async (app) => {
  await app.register(fastifyStatic, { root: dashboardDir, serve: false, suppressWarning: true });

  app.get<{ Params: { "*": string } }>("/*", async (request, reply) => {
    const path = request.params["*"];
    if (path.startsWith("api/")) return reply.callNotFound();
    // Only files of the build have a name with a dot at the top; `hosts/web-01.example.com` is a page.
    if (path.startsWith(HASHED) || (!path.includes("/") && extname(path) !== ""))
      return path.startsWith(HASHED) ? reply.sendFile(path, { maxAge: "365d", immutable: true }) : reply.sendFile(path, { cacheControl: false });
    reply.header("cache-control", "no-cache");
    if (!existsSync(join(dashboardDir, "index.html"))) return reply.type("text/html; charset=utf-8").send(NOT_BUILT);
    return reply.sendFile("index.html", { cacheControl: false });
  });
};
