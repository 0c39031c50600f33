import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { newId } from "../../api/new-id.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";

/** Asks for a retraining now. The night's id is made when the question opens, so that a click sent twice is one night. */
export function AskNight({ project }: { readonly project: string }) {
  const queryClient = useQueryClient();
  const may = useMay("run.start", project);
  const [id, setId] = useState<string | null>(null);
  const ask = useMutation({
    mutationFn: ({ night, why }: { night: string; why: string }) => call("askNight", { params: { project }, body: { id: night, why } }),
    onSuccess: () => {
      setId(null);
      notifications.show({ title: "Asked for", message: "It starts as soon as a worker is free, and says here what it came to." });
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
  if (!may) return null;
  return (
    <>
      <Button
        onClick={() => {
          ask.reset();
          setId(newId("night"));
        }}
      >
        Retrain now
      </Button>
      <Confirm
        opened={id !== null}
        onClose={() => setId(null)}
        title="Retrain now?"
        act="Retrain"
        busy={ask.isPending}
        error={ask.error}
        onConfirm={(why) => id !== null && ask.mutate({ night: id, why })}
      >
        New files are taken in first. Where nothing is new it is skipped and says so; a better model is promoted by the gate's rules, as in
        any run.
      </Confirm>
    </>
  );
}
