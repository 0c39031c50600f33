import { Kbd, Modal, TextInput, UnstyledButton } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { read } from "../api/queries.ts";
import { type Findable, findIn } from "./find-in.ts";
import { PLACES } from "./places.ts";
import classes from "./finder.module.css";

/** Ctrl K: every page, project, run and model by name or id. */
export function Finder({ project }: { readonly project: string | undefined }) {
  const [opened, setOpened] = useState(false);
  useHotkeys([["mod+K", () => setOpened(true)]], []);
  return (
    <>
      <UnstyledButton className={classes.open} onClick={() => setOpened(true)} aria-keyshortcuts="Control+K">
        <IconSearch size={15} aria-hidden />
        <span>Find</span>
        <Kbd size="xs" aria-hidden>
          Ctrl K
        </Kbd>
      </UnstyledButton>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        withCloseButton={false}
        padding={0}
        yOffset="12vh"
        centered={false}
        size="lg"
        attributes={{ content: { "aria-label": "Find" } }}
      >
        <Search project={project} onDone={() => setOpened(false)} />
      </Modal>
    </>
  );
}

function Search({ project, onDone }: { readonly project: string | undefined; readonly onDone: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = findIn(useFindables(project), text);
  const current = Math.min(chosen, found.length - 1);
  const go = (item: Findable | undefined) => {
    if (item === undefined) return;
    onDone();
    void navigate({ to: item.href });
  };
  return (
    <div>
      <TextInput
        role="combobox"
        aria-label="Find a page, project, run or model"
        aria-expanded
        aria-controls="finder-list"
        aria-activedescendant={current >= 0 ? `finder-${current}` : undefined}
        placeholder="Page, project, run or model"
        variant="unstyled"
        size="md"
        className={classes.input}
        value={text}
        data-autofocus
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0) {
            event.preventDefault();
            setChosen((current + step + found.length) % Math.max(1, found.length));
          }
          if (event.key === "Enter") go(found[current]);
        }}
      />
      <ul id="finder-list" role="listbox" aria-label="Found" className={classes.list}>
        {found.map((item, index) => (
          <li
            key={`${item.kind} ${item.href}`}
            id={`finder-${index}`}
            role="option"
            aria-selected={index === current}
            onClick={() => go(item)}
            onPointerMove={() => setChosen(index)}
          >
            <span className={classes.kind}>{item.kind}</span>
            <span className={classes.name}>{item.name}</span>
            <span className={classes.note}>{item.note}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p className={classes.none}>Nothing has this name. Runs and models are searched among the newest 200 of each.</p>
      )}
    </div>
  );
}

/** Everything that can be opened from here; runs and models as far as the newest 200 of each. */
function useFindables(project: string | undefined): Findable[] {
  const projects = useQuery(read("listProjects", {}));
  const runs = useQuery({ ...read("listRuns", { query: { project, limit: 200 } }), enabled: project !== undefined });
  const models = useQuery({
    ...read("listModels", { params: { project: project ?? "" }, query: { limit: 200 } }),
    enabled: project !== undefined,
  });
  const base = `/p/${encodeURIComponent(project ?? "")}`;
  return [
    ...(project === undefined
      ? []
      : PLACES.map(({ to, name }) => ({ kind: "page", name, note: "", href: to.replace("/p/$project", base) }))),
    ...(projects.data?.items ?? []).map(({ id, title }) => ({
      kind: "project",
      name: id,
      note: title,
      href: `/p/${encodeURIComponent(id)}/overview`,
    })),
    ...(runs.data?.items ?? []).map(({ run, state }) => ({
      kind: "run",
      name: run,
      note: state,
      href: `${base}/runs/${encodeURIComponent(run)}`,
    })),
    ...(models.data?.items ?? []).map(({ id, family, champion }) => ({
      kind: "model",
      name: id,
      note: champion ? `${family}, champion` : family,
      href: `${base}/models/${encodeURIComponent(id)}`,
    })),
  ];
}
