import { useQuery } from "@tanstack/react-query";
import { type Action, mayDo } from "../../../lib/domain/api/access.ts";
import { read } from "./queries.ts";

export const session = read("me", {});

/** Whether the signed-in account may do this; what would be refused is not offered. */
export function useMay(action: Action, project?: string): boolean {
  const { data: me } = useQuery(session);
  return me !== undefined && mayDo(me, action, project);
}
