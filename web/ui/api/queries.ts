import { infiniteQueryOptions, QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import type { JsonRouteName, RouteResponse } from "../../../lib/domain/api/routes.ts";
import { call, type RouteInput } from "./client.ts";
import { ApiFailure } from "./failure.ts";

/**
 * One read of the API, cached under its route and input: keys begin with the route's name, and the event stream finds by
 * these what has grown stale.
 */
export function read<Name extends JsonRouteName>(name: Name, input: RouteInput<Name>) {
  return queryOptions({
    queryKey: [name, input] as const,
    queryFn: ({ signal }) => call(name, input, signal),
  });
}

type ListName = {
  [Name in JsonRouteName]: RouteResponse<Name> extends { items: unknown[]; next: string | null } ? Name : never;
}[JsonRouteName];

/** A list that grows page by page, by key and never by offset, so that new rows shift nothing. */
export function readPages<Name extends ListName>(name: Name, input: RouteInput<Name> & { query?: object }) {
  return infiniteQueryOptions({
    queryKey: [name, input, "pages"] as const,
    queryFn: ({ signal, pageParam }) =>
      call(name, { ...input, query: { ...input.query, ...(pageParam === null ? {} : { after: pageParam }) } } as RouteInput<Name>, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last as { next: string | null }).next,
  });
}

export function newQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, { queryKey }) => {
        // The session has ended while the page was open: asking who is signed in brings the sign-in up, in the same place.
        const ended = error instanceof ApiFailure && error.status === 401;
        if (ended && queryKey[0] !== "me") void client.invalidateQueries({ queryKey: ["me"] });
      },
    }),
    defaultOptions: {
      queries: {
        // The event stream says when something changed; this is the net below it.
        staleTime: 30_000,
        retry: (failures, error) => failures < 3 && (!(error instanceof ApiFailure) || (error.retryable && error.status !== 401)),
      },
    },
  });
  return client;
}
