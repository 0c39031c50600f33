import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ModelDetail } from "../../../../lib/domain/api/models.ts";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";

/** Make it champion, or, where it is, bring the one before back. The champion the reader saw is sent along: someone else's change is not overwritten. */
export function ModelActions({ model }: { readonly model: ModelDetail }) {
  const { id, project, slot } = model;
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState(false);
  const may = useMay("model.promote", project);
  const champions = useQuery(read("listChampions", { params: { project }, query: { slot } }));
  const present = champions.data?.items.find((champion) => champion.slot === slot)?.model ?? null;
  const change = useMutation({
    mutationFn: (why: string) =>
      model.champion
        ? call("rollbackModel", { params: { project }, body: { slot, expected: id, why } })
        : call("promoteModel", { params: { model: id }, body: { expected: present, why } }),
    onSuccess: (champion) => {
      setAsked(false);
      notifications.show({ title: "Champion changed", message: `${champion.model} serves ${champion.slot} now.` });
    },
    // Refused because another is champion by now: what is on screen is old as well.
    onSettled: () => queryClient.invalidateQueries(),
  });
  if (!may || champions.data === undefined || (!model.champion && model.state !== "trained")) return null;
  const act = model.champion ? "Roll back" : "Promote";
  return (
    <>
      <Button
        size="sm"
        variant={model.champion ? "default" : "filled"}
        onClick={() => {
          change.reset();
          setAsked(true);
        }}
      >
        {act}
      </Button>
      <Confirm
        opened={asked}
        onClose={() => setAsked(false)}
        title={model.champion ? `Roll ${slot} back?` : `Promote ${id}?`}
        act={act}
        typed={slot}
        busy={change.isPending}
        error={change.error}
        onConfirm={(why) => change.mutate(why)}
      >
        {model.champion
          ? "The champion before it serves again from now on. This model stays and can be promoted again."
          : `It serves ${slot} from now on${present === null ? "" : ` in place of ${present}`}, past the gate. A roll-back undoes it.`}
      </Confirm>
    </>
  );
}
