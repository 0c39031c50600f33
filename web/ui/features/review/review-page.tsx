import { Stack, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { MAX_PAGE } from "../../../../lib/domain/api/page.ts";
import type { Annotation } from "../../../../lib/domain/api/tasks.ts";
import { read } from "../../api/queries.ts";
import { Answer, Empty } from "../../parts/answer.tsx";
import { countText } from "../../parts/number-text.ts";
import { PageHead, Panel } from "../../parts/panel.tsx";
import { AgreementPanels } from "./agreement-panels.tsx";
import { Decision } from "./decision.tsx";
import { TaskList } from "./task-list.tsx";
import classes from "./review-page.module.css";

const route = getRouteApi("/p/$project/review");
const TABS = ["decide", "escalated", "agreement"] as const;

/** On what do annotators disagree, who decides, and how far can their labels be trusted? */
export function ReviewPage() {
  const { project } = route.useParams();
  const { tab = "decide" } = route.useSearch();
  const navigate = route.useNavigate();
  const annotation = useQuery(read("showAnnotation", { params: { project } }));
  const waiting = annotation.data?.queue.adjudicate ?? 0;
  return (
    <>
      <PageHead title="Review" note={<WhoMay annotation={annotation.data} />} />
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) => void navigate({ search: { tab: TABS.find((known) => known === value) }, replace: true })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="decide">To be decided{waiting > 0 && ` (${countText(waiting)})`}</Tabs.Tab>
          <Tabs.Tab value="escalated">Escalated</Tabs.Tab>
          <Tabs.Tab value="agreement">Agreement</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="decide">
          <Answer query={annotation} lines={8}>
            {(data) => <Tasks project={project} tab="decide" annotation={data} />}
          </Answer>
        </Tabs.Panel>
        <Tabs.Panel value="escalated">
          <Answer query={annotation} lines={8}>
            {(data) => <Tasks project={project} tab="escalated" annotation={data} />}
          </Answer>
        </Tabs.Panel>
        <Tabs.Panel value="agreement">
          <AgreementPanels project={project} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function WhoMay({ annotation }: { readonly annotation: Annotation | undefined }) {
  if (annotation === undefined) return "What annotators disagree on, and how far they agree.";
  if (!annotation.enabled) return "The spec has no `annotation`: nobody is asked.";
  return annotation.mayAdjudicate
    ? "You may decide: a key of the class settles a sample, and the next one comes up."
    : "Engineers, and the experts whom the spec names, decide. You can look.";
}

interface TasksProps {
  readonly project: string;
  readonly tab: "decide" | "escalated";
  readonly annotation: Annotation;
}

const QUERY = {
  decide: { state: "adjudicate", limit: MAX_PAGE },
  escalated: { state: "open", escalated: "true", limit: MAX_PAGE },
} as const;
const EMPTY = {
  decide: ["Nothing to decide", "Where the answers to a sample differ, it waits here for one that counts."],
  escalated: ["Nothing is overdue", "A sample that nobody has answered for too long stands here, and first in the queue."],
} as const;

/** The list on the left, the sample that is open on the right: the one in the address, else the first. */
function Tasks({ project, tab, annotation }: TasksProps) {
  const { task } = route.useSearch();
  const navigate = route.useNavigate();
  const tasks = useQuery(read("listTasks", { params: { project }, query: QUERY[tab] }));
  return (
    <Answer query={tasks} lines={8}>
      {({ items }) => {
        const open = task ?? items[0]?.id;
        const [title, text] = EMPTY[tab];
        if (open === undefined) return <Empty title={title}>{text}</Empty>;
        const at = items.findIndex(({ id }) => id === open);
        const next = items[at + 1] ?? items[at - 1];
        return (
          <div className={classes.grid}>
            <Panel title={tab === "decide" ? "Disagreements" : "Overdue"} flush aside={countText(items.length)}>
              <TaskList project={project} tab={tab} tasks={items} open={open} />
            </Panel>
            <Stack gap="md">
              <Decision
                key={open}
                project={project}
                task={open}
                annotation={annotation}
                onDecided={() => void navigate({ search: { tab, task: next?.id }, replace: true, resetScroll: false })}
              />
            </Stack>
          </div>
        );
      }}
    </Answer>
  );
}
