/** Who is signed in. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiFailure, get, post } from "./client.ts";
import type { Session } from "./types.ts";

export const SESSION_KEY = ["session"] as const;

/** The session, or null when nobody is signed in. */
const readSession = async (): Promise<Session | null> => {
  try {
    return await get<Session>("/api/v1/session");
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) return null;
    throw error;
  }
};

export const useSession = () => useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: Infinity });

/** Exchanges an API key for a session cookie, then drops everything read before. */
export const useSignIn = () => {
  const client = useQueryClient();
  return async (key: string): Promise<void> => {
    await post("/api/v1/session", { key });
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    await client.invalidateQueries({ queryKey: SESSION_KEY });
  };
};

export const useSignOut = () => {
  const client = useQueryClient();
  return async (): Promise<void> => {
    await post("/api/v1/session/logout");
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
    client.setQueryData(SESSION_KEY, null);
  };
};
