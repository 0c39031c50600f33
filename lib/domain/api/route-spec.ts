import type { z } from "zod";
import type { Action } from "./access.ts";

/**
 * One route of the HTTP API. `access` is what the caller must be allowed to do; `public` needs no one; `account` needs
 * someone signed in, whoever it is.
 */
export interface RouteSpec {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly access: Action | "public" | "account";
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Absent: no body, or one that is no JSON (see the summary). */
  readonly body?: z.ZodType;
  readonly status?: 200 | 201 | 202;
  /** Absent: the answer is bytes, of the type the summary names. */
  readonly response?: z.ZodType;
}
