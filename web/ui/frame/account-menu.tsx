import { Button, Group, Menu, Modal, UnstyledButton, VisuallyHidden, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Me } from "../../../lib/domain/api/access.ts";
import { call } from "../api/client.ts";
import { session } from "../api/session.ts";
import { useOutbox } from "../labelling/use-outbox.ts";
import classes from "./account-menu.module.css";

const SCHEMES = [
  { value: "light", name: "Light", Icon: IconSun },
  { value: "dark", name: "Dark", Icon: IconMoon },
  { value: "auto", name: "As the system", Icon: IconDeviceDesktop },
] as const;

/** Who am I; light or dark; sign out. */
export function AccountMenu() {
  const { data: me } = useQuery(session);
  return me === undefined ? null : <MenuOf me={me} />;
}

function MenuOf({ me }: { readonly me: Me }) {
  const queryClient = useQueryClient();
  const { outbox, state } = useOutbox(me.account);
  const [asking, setAsking] = useState(false);
  // Mantine would switch transitions off through a <style> element, which the content security policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const signOut = useMutation({
    mutationFn: () => call("signOut", {}),
    onSuccess: async () => {
      await outbox.leave();
      queryClient.clear();
      await queryClient.resetQueries(session);
    },
  });
  const unsent = state.waiting.length + state.refused.length;
  return (
    <>
      <Menu position="bottom-end" width={220} withinPortal={false}>
        <Menu.Target>
          <UnstyledButton className={classes.who}>
            <span aria-hidden>{me.account.slice(0, 2).toUpperCase()}</span>
            <VisuallyHidden>Account {me.account}</VisuallyHidden>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {me.account} · {me.role}
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
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => (unsent > 0 ? setAsking(true) : signOut.mutate())}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title="Answers have not arrived yet"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <p>
          {unsent === 1 ? "1 answer is" : `${unsent} answers are`} still on this device. They stay here, and are sent when {me.account}{" "}
          signs in on it again.
        </p>
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
            Stay
          </Button>
          <Button color="red" onClick={() => signOut.mutate()} loading={signOut.isPending}>
            Sign out all the same
          </Button>
        </Group>
      </Modal>
    </>
  );
}
