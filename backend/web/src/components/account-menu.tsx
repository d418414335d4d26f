import { Menu, Text, UnstyledButton } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useSignOut } from "../api/session.ts";
import type { Session } from "../api/types.ts";
import css from "./shell.module.css";

/** The signed-in tenant, and the way out. */
export const AccountMenu = ({ session }: { readonly session: Session }) => {
  const signOut = useSignOut();
  return (
    <Menu position="right-end" width={220} shadow="md" withinPortal>
      <Menu.Target>
        <UnstyledButton className={css.account} aria-label={`Tenant ${session.tenant}`} title={`Tenant ${session.tenant}`}>
          {(session.tenant[0] ?? "?").toUpperCase()}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Tenant
          <Text fw={600} size="sm" c="var(--obs-text)" truncate>
            {session.tenant}
          </Text>
          May {session.scopes.join(", ")}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
};
