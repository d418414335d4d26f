/** Left navigation, theme, who is signed in; the page beside it. */

import { IconListSearch, IconServer2 } from "@tabler/icons-react";
import type { MouseEvent, ReactNode } from "react";
import type { Session } from "../api/types.ts";
import { navigate } from "../navigation.ts";
import { AccountMenu } from "./account-menu.tsx";
import { ColorSchemeButton } from "./color-scheme-button.tsx";
import css from "./shell.module.css";

const SECTIONS = [
  { path: "/logs", label: "Logs", icon: IconListSearch },
  { path: "/hosts", label: "Hosts", icon: IconServer2 },
] as const;

/** Ordinary clicks stay in the page; with a modifier the browser opens a tab as ever. */
export const followLink = (event: MouseEvent<HTMLAnchorElement>): void => {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(event.currentTarget.pathname + event.currentTarget.search);
};

interface ShellProps {
  readonly session: Session;
  readonly path: string;
  readonly children: ReactNode;
}

export const Shell = ({ session, path, children }: ShellProps) => (
  <div className={css.shell}>
    <a className={css.skip} href="#page">
      Skip to the page
    </a>
    <nav className={css.rail} aria-label="Main">
      <svg className={css.mark} viewBox="0 0 32 32" role="img" aria-label="obs">
        <circle cx="16" cy="16" r="11" fill="none" stroke="currentColor" strokeWidth="4" />
        <circle cx="16" cy="16" r="4" fill="currentColor" />
      </svg>
      {SECTIONS.map(({ path: to, label, icon: Icon }) => (
        <a key={to} className={css.link} href={to} onClick={followLink} aria-current={path.startsWith(to) ? "page" : undefined}>
          <Icon size={20} stroke={1.6} aria-hidden />
          {label}
        </a>
      ))}
      <div className={css.foot}>
        <ColorSchemeButton />
        <AccountMenu session={session} />
      </div>
    </nav>
    <main id="page" className={css.page} tabIndex={-1}>
      {children}
    </main>
  </div>
);
