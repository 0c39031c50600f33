import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Navigate, useRouter } from "@tanstack/react-router";
import { read } from "../api/queries.ts";
import { Answer, Empty, FailureNote } from "../parts/answer.tsx";

const projectRoute = getRouteApi("/p/$project/");
const runRoute = getRouteApi("/runs/$run");
const modelRoute = getRouteApi("/models/$model");

/** The first project, or how to get one. */
export function Home() {
  const projects = useQuery(read("listProjects", {}));
  return (
    <Answer query={projects}>
      {({ items }) =>
        items[0] === undefined ? (
          <Empty title="No project yet" command="npx sensorloop project apply examples/demo/spec.yaml">
            A project is one task with its own spec, people and models. It begins with its spec file.
          </Empty>
        ) : (
          <Navigate to="/p/$project/overview" params={{ project: items[0].id }} replace />
        )
      }
    </Answer>
  );
}

/** `/p/PROJECT`, as people shorten an address, to its overview. */
export function ProjectForward() {
  const { project } = projectRoute.useParams();
  return <Navigate to="/p/$project/overview" params={{ project }} replace />;
}

/** `/runs/ID`, as the command line prints it, to the run's page in its project. */
export function RunForward() {
  const { run } = runRoute.useParams();
  const found = useQuery(read("showRun", { params: { run } }));
  return (
    <Answer query={found}>{({ project }) => <Navigate to="/p/$project/runs/$run" params={{ project, run }} search={{}} replace />}</Answer>
  );
}

export function ModelForward() {
  const { model } = modelRoute.useParams();
  const found = useQuery(read("showModel", { params: { model } }));
  return (
    <Answer query={found}>
      {({ project }) => <Navigate to="/p/$project/models/$model" params={{ project, model }} search={{}} replace />}
    </Answer>
  );
}

export function NotFound() {
  return (
    <Empty title="There is no such page">The address may be from another version. The rail on the left has every page there is.</Empty>
  );
}

export function PageFailure({ error }: { readonly error: unknown }) {
  const router = useRouter();
  return <FailureNote error={error} onRetry={() => void router.invalidate()} />;
}
