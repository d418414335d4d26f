/** Signing in to the dashboard and out again, and who is signed in. */

import type { FastifyPluginAsync } from "fastify";
import * as z from "zod";
import type { Authenticator, SignIn } from "../core/access.ts";
import type { Principal } from "../core/contracts.ts";
import { readBody } from "../core/read-body.ts";
import { ApiError } from "../errors.ts";

const KEY_BODY = z.strictObject({ key: z.string().min(1).max(200) });
const LINK_QUERY = z.object({ token: z.string().min(1).max(200) });

/** What a browser shows when the link no longer works. Plain: the person came from a terminal. */
const LINK_EXPIRED = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>obs: sign in</title>
<h1>This sign-in link no longer works</h1>
<p>A link works once and for ten minutes. Print a new one with <code>npx obs-backend signin</code>,
or <a href="/">sign in with an API key</a>.</p></html>
`;

export interface SessionRouteOptions {
  readonly authenticator: Authenticator;
  readonly signIn: SignIn;
}

const describe = ({ tenant, scopes }: Principal) => ({ tenant, scopes: [...scopes] });

export const sessionRoutes = ({ authenticator, signIn }: SessionRouteOptions): FastifyPluginAsync => async (app) => {
  // No HEAD: link previews must not use up the token.
  app.get("/signin", { exposeHeadRoute: false }, async (request, reply) => {
    const query = LINK_QUERY.safeParse(request.query);
    const cookie = query.success ? await signIn.withToken(query.data.token) : undefined;
    reply.header("cache-control", "no-store");
    if (cookie === undefined) return reply.code(401).type("text/html; charset=utf-8").send(LINK_EXPIRED);
    return reply.header("set-cookie", cookie).redirect("/", 303);
  });

  app.get("/api/v1/session", async (request, reply) => {
    const principal = await authenticator.authenticate(request.method, request.headers);
    if (!principal) throw new ApiError("unauthorized", "Nobody is signed in.");
    reply.header("cache-control", "no-store");
    return describe(principal);
  });

  app.post("/api/v1/session", async (request, reply) => {
    const { cookie, principal } = await signIn.withKey(readBody(KEY_BODY, request.body).key);
    return reply.header("set-cookie", cookie).send(describe(principal));
  });

  app.post("/api/v1/session/logout", async (request, reply) => reply.header("set-cookie", await signIn.end(request.headers)).code(204).send());
};
