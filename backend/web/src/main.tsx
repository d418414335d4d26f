import "@mantine/core/styles.css";
import "uplot/dist/uPlot.min.css";
import "./theme.css";
import { MantineProvider } from "@mantine/core";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiFailure, isTransient } from "./api/client.ts";
import { SESSION_KEY } from "./api/session.ts";
import { App } from "./app.tsx";
import { cssVariables, theme } from "./theme.ts";

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that has run out shows the sign-in page, whichever read noticed it.
    onError: (error) => {
      if (error instanceof ApiFailure && error.status === 401) client.setQueryData(SESSION_KEY, null);
    },
  }),
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      retry: (failures, error) => isTransient(error) && failures < 2,
      retryDelay: (attempt) => 500 * 2 ** attempt,
    },
  },
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={cssVariables}>
      <QueryClientProvider client={client}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
