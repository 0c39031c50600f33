import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { z } from "zod";
import { FILE_STATES } from "../../lib/domain/api/data.ts";
import { NIGHT_STATES } from "../../lib/domain/api/nights.ts";
import { EVENT_KINDS } from "../../lib/domain/journal.ts";
import { RUN_STATES, STAGES } from "../../lib/domain/stages.ts";
import { Frame } from "./frame/frame.tsx";
import { Home, ModelForward, NotFound, PageFailure, ProjectForward, RunForward } from "./frame/thresholds.tsx";

/** The addresses of the app. Each page's state is in its search parameters; a value that is none of ours is dropped, not refused. */
const rootRoute = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: PageFailure });
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const home = createRoute({ getParentRoute: () => rootRoute, path: "/", component: Home });
const runForward = createRoute({ getParentRoute: () => rootRoute, path: "/runs/$run", component: RunForward });
const modelForward = createRoute({ getParentRoute: () => rootRoute, path: "/models/$model", component: ModelForward });
const project = createRoute({ getParentRoute: () => rootRoute, path: "/p/$project", component: Outlet });

const projectForward = createRoute({ getParentRoute: () => project, path: "/", component: ProjectForward });
const overview = createRoute({
  getParentRoute: () => project,
  path: "overview",
  component: lazyRouteComponent(() => import("./features/overview/overview-page.tsx"), "OverviewPage"),
});
const runs = createRoute({
  getParentRoute: () => project,
  path: "runs",
  validateSearch: z.object({ state: optional(z.enum(RUN_STATES)) }),
  component: lazyRouteComponent(() => import("./features/runs/runs-page.tsx"), "RunsPage"),
});
const run = createRoute({
  getParentRoute: () => project,
  path: "runs/$run",
  validateSearch: z.object({ stage: optional(z.enum(STAGES)), log: optional(z.enum(["all", "problems"])) }),
  component: lazyRouteComponent(() => import("./features/run/run-page.tsx"), "RunPage"),
});
const data = createRoute({
  getParentRoute: () => project,
  path: "data",
  validateSearch: z.object({
    tab: optional(z.enum(["files", "snapshots", "quarantine", "cohorts", "distributions", "features"])),
    state: optional(z.enum(FILE_STATES)),
    rule: optional(z.string().max(60)),
    file: optional(z.uuid()),
    channel: optional(z.string().max(200)),
    cohort: optional(z.string().max(63)),
    set: optional(z.string().max(63)),
  }),
  component: lazyRouteComponent(() => import("./features/data/data-page.tsx"), "DataPage"),
});
const models = createRoute({
  getParentRoute: () => project,
  path: "models",
  validateSearch: z.object({
    tab: optional(z.enum(["leaderboard", "evolution", "champions"])),
    slot: optional(z.string().max(400)),
    run: optional(z.string().max(63)),
  }),
  component: lazyRouteComponent(() => import("./features/models/models-page.tsx"), "ModelsPage"),
});
const compare = createRoute({
  getParentRoute: () => project,
  path: "models/compare",
  validateSearch: z.object({ a: optional(z.string().max(63)), b: optional(z.string().max(63)) }),
  component: lazyRouteComponent(() => import("./features/compare/compare-page.tsx"), "ComparePage"),
});
const model = createRoute({
  getParentRoute: () => project,
  path: "models/$model",
  validateSearch: z.object({ split: optional(z.string().max(40)) }),
  component: lazyRouteComponent(() => import("./features/model/model-page.tsx"), "ModelPage"),
});
const samples = createRoute({
  getParentRoute: () => project,
  path: "samples",
  validateSearch: z.object({
    model: optional(z.string().max(63)),
    split: optional(z.enum(["holdout", "unlabelled"])),
    actual: optional(z.string().max(80)),
    predicted: optional(z.string().max(80)),
    order: optional(z.enum(["doubtful", "newest"])),
    /** The sample that is looked at: its recording, subject and samples. */
    recording: optional(z.string().max(400)),
    subject: optional(z.string().max(80)),
    from: optional(z.int().nonnegative()),
    to: optional(z.int().positive()),
  }),
  component: lazyRouteComponent(() => import("./features/samples/samples-page.tsx"), "SamplesPage"),
});
const annotate = createRoute({
  getParentRoute: () => project,
  path: "annotate",
  component: lazyRouteComponent(() => import("./features/annotate/annotate-page.tsx"), "AnnotatePage"),
});
const recordings = createRoute({
  getParentRoute: () => project,
  path: "recordings",
  validateSearch: z.object({
    search: optional(z.string().max(200)),
    subject: optional(z.string().max(80)),
    recording: optional(z.string().max(400)),
    /** What is shown of it, in samples. */
    from: optional(z.int().nonnegative()),
    to: optional(z.int().positive()),
  }),
  component: lazyRouteComponent(() => import("./features/recordings/recording-page.tsx"), "RecordingPage"),
});
const review = createRoute({
  getParentRoute: () => project,
  path: "review",
  validateSearch: z.object({ tab: optional(z.enum(["decide", "escalated", "agreement"])), task: optional(z.uuid()) }),
  component: lazyRouteComponent(() => import("./features/review/review-page.tsx"), "ReviewPage"),
});
const nights = createRoute({
  getParentRoute: () => project,
  path: "nights",
  validateSearch: z.object({ state: optional(z.enum(NIGHT_STATES)), day: optional(z.iso.date()) }),
  component: lazyRouteComponent(() => import("./features/nights/nights-page.tsx"), "NightsPage"),
});
const journal = createRoute({
  getParentRoute: () => project,
  path: "journal",
  validateSearch: z.object({ kind: optional(z.enum(EVENT_KINDS)), subject: optional(z.string().max(400)) }),
  component: lazyRouteComponent(() => import("./features/journal/journal-page.tsx"), "JournalPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    home,
    runForward,
    modelForward,
    project.addChildren([
      projectForward,
      overview,
      runs,
      run,
      data,
      models,
      compare,
      model,
      samples,
      recordings,
      annotate,
      review,
      nights,
      journal,
    ]),
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
