import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Night } from "../../../../lib/domain/api/nights.ts";
import { call } from "../../api/client.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";

/** Ends a night that waits or is under way; nothing for others, and for whoever may not. */
export function CancelNight({ night: { id, project, state, cause } }: { readonly night: Night }) {
  const queryClient = useQueryClient();
  const may = useMay("schedule.set", project);
  const [asked, setAsked] = useState(false);
  const cancel = useMutation({
    mutationFn: (why: string) => call("cancelNight", { params: { project, night: id }, body: { why } }),
    onSuccess: ({ state: now }) => {
      setAsked(false);
      notifications.show({
        title: now === "cancelled" ? "Cancelled" : "It ends",
        message: now === "cancelled" ? "The night will not come." : "The night ends as soon as its work has stopped.",
      });
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  if (!may || (state !== "asked" && state !== "running")) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          cancel.reset();
          setAsked(true);
        }}
      >
        Cancel
      </Button>
      <Confirm
        opened={asked}
        onClose={() => setAsked(false)}
        title="Cancel this night?"
        act="Cancel the night"
        danger
        busy={cancel.isPending}
        error={cancel.error}
        onConfirm={(why) => cancel.mutate(why)}
      >
        {cause === "backfill"
          ? "Its run ends with it, and the nights of its backfill that have not begun do not come; a backfill of the same range brings them again."
          : "Its run ends with it; what the run had finished is used again by the next."}
      </Confirm>
    </>
  );
}
