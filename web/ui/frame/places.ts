/** The pages of a project that exist, in the order of the rail. */
export const PLACES = [
  { to: "/p/$project/overview", name: "Overview" },
  { to: "/p/$project/runs", name: "Runs" },
  { to: "/p/$project/data", name: "Data" },
  { to: "/p/$project/models", name: "Models" },
  { to: "/p/$project/annotate", name: "Annotate" },
  { to: "/p/$project/review", name: "Review" },
  { to: "/p/$project/nights", name: "Nights" },
  { to: "/p/$project/journal", name: "Journal" },
] as const;
export type Place = (typeof PLACES)[number];

/** Pages that others lead to, beside the rail. */
const BESIDE: Readonly<Record<string, string>> = { samples: "Samples", recordings: "Recordings" };

export interface Crumb {
  readonly text: string;
  /** Null for the page itself. */
  readonly href: string | null;
}

/** From an address to where one is: `/p/gym/runs/r1` is gym, Runs, r1. */
export function crumbsOf(pathname: string): Crumb[] {
  const [prefix, project, page, id] = pathname.split("/").filter(Boolean).map(decodeURIComponent);
  if (prefix !== "p" || project === undefined) return [];
  const place = PLACES.find(({ to }) => to === `/p/$project/${page}`);
  const crumbs: Crumb[] = [{ text: project, href: `/p/${encodeURIComponent(project)}/overview` }];
  if (place !== undefined && place.name !== "Overview")
    crumbs.push({ text: place.name, href: `/p/${encodeURIComponent(project)}/${page}` });
  if (place === undefined && page !== undefined && Object.hasOwn(BESIDE, page)) crumbs.push({ text: BESIDE[page] ?? page, href: null });
  if (id !== undefined) crumbs.push({ text: id, href: null });
  const last = crumbs.at(-1);
  return last === undefined ? [] : [...crumbs.slice(0, -1), { ...last, href: null }];
}
