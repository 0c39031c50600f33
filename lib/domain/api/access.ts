import { z } from "zod";
import { idSchema } from "../ids.ts";
import { timeSchema } from "./page.ts";

export const ROLES = ["engineer", "scheduler", "annotator", "viewer"] as const;
export type Role = (typeof ROLES)[number];
const roleSchema = z.enum(ROLES);

/**
 * Who may do what. Inside a project a role holds for the projects of the account; `everywhere` actions also need an
 * account that is not limited to some projects.
 */
export const PERMISSIONS = {
  read: { roles: ["engineer", "scheduler", "annotator", "viewer"], everywhere: false },
  predict: { roles: ["engineer", "scheduler", "annotator"], everywhere: false },
  "data.add": { roles: ["engineer", "scheduler"], everywhere: false },
  "subject.erase": { roles: ["engineer"], everywhere: false },
  "project.apply": { roles: ["engineer"], everywhere: false },
  "quarantine.replay": { roles: ["engineer", "scheduler"], everywhere: false },
  "run.start": { roles: ["engineer", "scheduler"], everywhere: false },
  "run.cancel": { roles: ["engineer", "scheduler"], everywhere: false },
  "run.approve": { roles: ["engineer"], everywhere: false },
  "model.promote": { roles: ["engineer"], everywhere: false },
  /** Tasks and labels; who may settle what annotators disagree on, the spec's `annotation.experts` says as well. */
  "label.add": { roles: ["engineer", "annotator"], everywhere: false },
  "label.import": { roles: ["engineer"], everywhere: false },
  "task.make": { roles: ["engineer"], everywhere: false },
  "schedule.set": { roles: ["engineer", "scheduler"], everywhere: false },
  /** Own tokens only; see `account.manage` for those of others. */
  "token.own": { roles: ["engineer", "scheduler", "annotator", "viewer"], everywhere: false },
  "account.manage": { roles: ["engineer"], everywhere: true },
} as const satisfies Record<string, { roles: readonly Role[]; everywhere: boolean }>;
export type Action = keyof typeof PERMISSIONS;

/** What a token can do: all its account may, or one thing. */
export const TOKEN_SCOPES = ["all", "read", "data.add", "predict", "label.add"] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/**
 * Header that names the account a request was written under. A page that sends answers hours later must not send them in
 * the name of whoever is signed in by then.
 */
export const MEANT_ACCOUNT = "x-sensorloop-account";

/** Who asks: an account, narrowed by the token it came with. `projects` null means every project. */
export interface Actor {
  readonly account: string;
  readonly role: Role;
  readonly projects: readonly string[] | null;
  readonly scope: TokenScope;
}

/** Pure decision, shared by the API and the UI (which hides what would be refused). */
export function mayDo(actor: Actor, action: Action, project?: string): boolean {
  const { roles, everywhere } = PERMISSIONS[action];
  if (!(roles as readonly Role[]).includes(actor.role)) return false;
  if (everywhere && actor.projects !== null) return false;
  if (project !== undefined && actor.projects !== null && !actor.projects.includes(project)) return false;
  return actor.scope === "all" || actor.scope === action;
}

export const signInSchema = z.strictObject({ account: idSchema, password: z.string().min(1).max(256) });

export const meSchema = z.object({
  account: z.string(),
  role: roleSchema,
  /** Null: every project. */
  projects: z.array(z.string()).nullable(),
  scope: z.enum(TOKEN_SCOPES),
  /** When the session ends by itself; null for a token without an end. */
  expiresAt: timeSchema.nullable(),
});
export type Me = z.infer<typeof meSchema>;

export const accountSchema = z.object({
  id: z.string(),
  role: roleSchema,
  projects: z.array(z.string()).nullable(),
  createdAt: timeSchema,
  revokedAt: timeSchema.nullable(),
});
export type Account = z.infer<typeof accountSchema>;

export const addAccountSchema = z.strictObject({
  id: idSchema,
  role: roleSchema,
  projects: z.array(idSchema).min(1).max(200).nullable().default(null),
});
/** The password is made by the server and shown this once. */
export const addedAccountSchema = z.object({ account: accountSchema, password: z.string() });

export const tokenSchema = z.object({
  id: z.string(),
  account: z.string(),
  name: z.string(),
  scope: z.enum(TOKEN_SCOPES),
  /** Null: the projects of the account. */
  project: z.string().nullable(),
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
});
export type Token = z.infer<typeof tokenSchema>;

export const addTokenSchema = z.strictObject({
  name: z.string().min(1).max(80),
  scope: z.enum(TOKEN_SCOPES).default("all"),
  project: idSchema.nullable().default(null),
  days: z.int().min(1).max(3650).nullable().default(null),
  /** Whose it is; oneself where left out. Another's needs `account.manage`. */
  account: idSchema.optional(),
});
/** The secret is shown this once; only its hash is kept. */
export const addedTokenSchema = z.object({ token: tokenSchema, secret: z.string() });
