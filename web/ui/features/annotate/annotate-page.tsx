import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import { read } from "../../api/queries.ts";
import { session, useMay } from "../../api/session.ts";
import { useOutbox } from "../../labelling/use-outbox.ts";
import { Answer, Empty, Waiting } from "../../parts/answer.tsx";
import { PageHead } from "../../parts/panel.tsx";
import { openDesk, type Desk } from "./desk.ts";
import { DeskView } from "./desk-view.tsx";

const route = getRouteApi("/p/$project/annotate");

/** What is this one? One sample a screen, answered by one key, the next one already there. */
export function AnnotatePage() {
  const { project } = route.useParams();
  const { data: me } = useQuery(session);
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  const may = useMay("label.add", project);
  if (me === undefined) return <Waiting lines={8} />;
  return (
    <Answer query={annotation} lines={8}>
      {(data) =>
        data.enabled && may ? (
          <AtDesk key={`${me.account} ${project}`} annotation={data} account={me.account} />
        ) : (
          <>
            <PageHead title="Annotate" />
            {data.enabled ? (
              <Empty title="Labelling is for annotators and engineers">
                Signed in as {me.account}, {me.role}. Ask an engineer for an account that may label.
              </Empty>
            ) : (
              <Empty title="This project asks nobody" command={`npx sensorloop project apply SPEC`}>
                With `annotation` in its spec, what the model doubts becomes tasks, and the labels given here train the next one.
              </Empty>
            )}
          </>
        )
      }
    </Answer>
  );
}

function AtDesk({ annotation, account }: { readonly annotation: Annotation; readonly account: string }) {
  const { outbox, state } = useOutbox(account);
  const [desk, setDesk] = useState<Desk | null>(null);
  const { project } = annotation;
  useEffect(() => {
    const opened = openDesk(project, outbox);
    setDesk(opened);
    return () => opened.close();
  }, [project, outbox]);
  // Whoever sits at an empty desk hears of new tasks at once.
  useEffect(() => {
    if (desk?.state().tasks.length === 0) desk.refill();
  }, [desk, annotation.queue.open]);
  return desk === null ? <Waiting lines={8} /> : <DeskView desk={desk} annotation={annotation} outbox={outbox} sending={state} />;
}
