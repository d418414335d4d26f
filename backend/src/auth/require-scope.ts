/** The hook by which a route says what its caller must be allowed to do. */

import type { Authenticator } from "../core/access.ts";
import type { RequireScope } from "../core/request.ts";
import { ApiError } from "../errors.ts";

export const createRequireScope =
  (authenticator: Authenticator): RequireScope =>
  (scope) =>
  async (request) => {
    const principal = await authenticator.authenticate(request.method, request.headers);
    if (!principal) throw new ApiError("unauthorized", "A valid API key is needed: Authorization: Bearer obs_...");
    if (!principal.scopes.has(scope)) throw new ApiError("forbidden", `This needs a key of scope "${scope}".`, { details: { needs: scope } });
    request.principal = principal;
  };
