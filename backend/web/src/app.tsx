/** Which page an address shows. */

import { lazy, Suspense, useEffect } from "react";
import { useSession } from "./api/session.ts";
import { ErrorState } from "./components/error-state.tsx";
import { Shell } from "./components/shell.tsx";
import { navigate, useAddress } from "./navigation.ts";
import { LogsPage } from "./pages/logs/logs-page.tsx";
import { SignInPage } from "./pages/sign-in/sign-in-page.tsx";

const HostPage = lazy(() => import("./pages/hosts/host-page.tsx"));
const HostList = lazy(() => import("./pages/hosts/host-list.tsx"));

const Page = ({ path }: { readonly path: string }) => {
  const [, section, name] = path.split("/");
  if (section === "logs") return <LogsPage />;
  if (section === "hosts") return name === undefined || name === "" ? <HostList /> : <HostPage host={decodeURIComponent(name)} />;
  return <Home />;
};

/** `/` and addresses that lead nowhere. */
const Home = () => {
  useEffect(() => navigate("/logs", { replace: true }), []);
  return null;
};

export const App = () => {
  const { path } = useAddress();
  const session = useSession();
  if (session.isError) return <ErrorState error={session.error} onRetry={() => void session.refetch()} />;
  if (session.isPending) return null;
  if (session.data === null) return <SignInPage />;
  return (
    <Shell session={session.data} path={path}>
      <Suspense>
        <Page path={path} />
      </Suspense>
    </Shell>
  );
};
