/** Authentication and authorisation of requests. */

export { createAuthenticator } from "./authenticator.ts";
export { createIssueKey } from "./issue-key.ts";
export { createRequireScope } from "./require-scope.ts";
export { hashSecret, newApiKey } from "./secrets.ts";
export { createSignIn, SIGN_IN_LIFETIME_MS } from "./sign-in.ts";
