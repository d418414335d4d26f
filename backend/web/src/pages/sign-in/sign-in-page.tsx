import { Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiFailure } from "../../api/client.ts";
import { useSignIn } from "../../api/session.ts";
import css from "./sign-in-page.module.css";

const failureText = (error: unknown): string => {
  if (error instanceof ApiFailure && error.status === 401) return "This key is not known, or it was revoked.";
  if (error instanceof ApiFailure && error.status === 403) return "This key may send data but not read it. Use one with the query scope.";
  return error instanceof Error ? error.message : String(error);
};

/** Shown to whoever has no session: the printed link is the usual way in, a key the other. */
export const SignInPage = () => {
  const signIn = useSignIn();
  const [key, setKey] = useState("");
  const [failure, setFailure] = useState<string>();
  const [sending, setSending] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setSending(true);
    setFailure(undefined);
    try {
      await signIn(key.trim());
    } catch (error) {
      setFailure(failureText(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <main className={css.page}>
      <div className={css.card}>
        <svg className={css.mark} viewBox="0 0 32 32" aria-hidden>
          <circle cx="16" cy="16" r="11" fill="none" stroke="currentColor" strokeWidth="4" />
          <circle cx="16" cy="16" r="4" fill="currentColor" />
        </svg>
        <h1>Sign in to obs</h1>
        <p>
          Open the sign-in link that <code>npm start</code> printed in its terminal. It works once and for ten minutes; <code>npx obs-backend signin</code> prints a new one.
        </p>
        <div className={css.or}>or</div>
        <form onSubmit={(event) => void submit(event)}>
          <PasswordInput
            label="API key"
            description="With the query scope. It is kept in this browser's session cookie only."
            placeholder="obs_…"
            autoComplete="off"
            spellCheck={false}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={failure}
          />
          <Button type="submit" fullWidth mt="md" loading={sending} disabled={key.trim() === ""}>
            Sign in
          </Button>
        </form>
      </div>
    </main>
  );
};
