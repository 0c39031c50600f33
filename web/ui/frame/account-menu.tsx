import { Menu, UnstyledButton, VisuallyHidden, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client.ts";
import { session } from "../api/session.ts";
import classes from "./account-menu.module.css";

const SCHEMES = [
  { value: "light", name: "Light", Icon: IconSun },
  { value: "dark", name: "Dark", Icon: IconMoon },
  { value: "auto", name: "As the system", Icon: IconDeviceDesktop },
] as const;

/** Who am I; light or dark; sign out. */
export function AccountMenu() {
  const queryClient = useQueryClient();
  const { data: me } = useQuery(session);
  // Mantine would switch transitions off through a <style> element, which the content security policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const signOut = useMutation({
    mutationFn: () => call("signOut", {}),
    onSuccess: async () => {
      queryClient.clear();
      await queryClient.resetQueries(session);
    },
  });
  return (
    <Menu position="bottom-end" width={220} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton className={classes.who}>
          <span aria-hidden>{(me?.account ?? "?").slice(0, 2).toUpperCase()}</span>
          <VisuallyHidden>Account {me?.account}</VisuallyHidden>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me?.account} · {me?.role}
        </Menu.Label>
        <Menu.Divider />
        {SCHEMES.map(({ value, name, Icon }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={colorScheme === value ? "✓" : null}
            onClick={() => setColorScheme(value)}
            closeMenuOnClick={false}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
