import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { ApiFailure } from "../api/client.ts";
import css from "./state.module.css";

/** What an error means for the reader, by its code. */
const explain = (error: Error): { readonly title: string; readonly hint: string } => {
  const code = error instanceof ApiFailure ? error.code : "unknown";
  switch (code) {
    case "unreachable":
      return { title: "The backend cannot be reached", hint: "It may be stopped or restarting." };
    case "store_unavailable":
      return { title: "The store is starting or away", hint: "Nothing is lost: agents keep their lines until it is back." };
    case "query_timeout":
      return { title: "The query took too long", hint: "A shorter time range or a narrower query helps most." };
    case "query_failed":
      return { title: "The query could not be answered", hint: error.message };
    default:
      return { title: "Something went wrong", hint: error.message };
  }
};

export const ErrorState = ({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) => {
  const { title, hint } = explain(error);
  return (
    <div className={css.state} role="alert">
      <IconPlugConnectedX size={36} stroke={1.3} className={css.icon} aria-hidden />
      <h2>{title}</h2>
      <p>{hint}</p>
      <Button variant="default" size="xs" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
};
