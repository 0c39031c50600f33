import { NativeSelect } from "@mantine/core";
import {
  IconDatabase,
  IconHistory,
  IconMoon,
  IconPlayerPlay,
  IconScale,
  IconStack2,
  IconTags,
  IconTopologyRing2,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { read } from "../api/queries.ts";
import { type Place, PLACES } from "./places.ts";
import classes from "./rail.module.css";

const ICONS: Readonly<Record<Place["name"], TablerIcon>> = {
  Overview: IconTopologyRing2,
  Runs: IconPlayerPlay,
  Data: IconDatabase,
  Models: IconStack2,
  Annotate: IconTags,
  Review: IconScale,
  Nights: IconMoon,
  Journal: IconHistory,
};

/** Project switcher and pages: a column on the left, on a phone a bar at the thumb. */
export function Rail({ project }: { readonly project: string | undefined }) {
  const navigate = useNavigate();
  const projects = useQuery(read("listProjects", {}));
  const items = projects.data?.items ?? [];
  const known = project === undefined || items.some(({ id }) => id === project);
  return (
    <div className={classes.rail}>
      <div className={classes.head}>
        <Link to="/" className={classes.brand} aria-label="Sensorloop">
          <img src="/icon.svg" width={24} height={24} alt="" />
          <span>Sensorloop</span>
        </Link>
        {items.length > 0 && (
          <NativeSelect
            aria-label="Project"
            size="xs"
            className={classes.project}
            value={project ?? ""}
            onChange={(event) => void navigate({ to: "/p/$project/overview", params: { project: event.currentTarget.value } })}
          >
            {project === undefined && <option value="">Choose a project</option>}
            {!known && <option value={project}>{project}</option>}
            {items.map(({ id, title }) => (
              <option key={id} value={id} title={title}>
                {id}
              </option>
            ))}
          </NativeSelect>
        )}
      </div>
      {project !== undefined && (
        <nav aria-label="Pages" className={classes.pages}>
          {PLACES.map(({ to, name }) => {
            const Icon = ICONS[name];
            return (
              <Link key={to} to={to} params={{ project }} className={classes.page} activeProps={{ "aria-current": "page" }}>
                <Icon size={18} stroke={1.7} aria-hidden />
                {name}
              </Link>
            );
          })}
        </nav>
      )}
    </div>
  );
}
