import { Command, Option } from "commander";
import { addAccount, addToken, listAccounts, listTokens, revokeAccount, revokeToken } from "../../lib/app/accounts.ts";
import { ROLES, TOKEN_SCOPES, type Role, type TokenScope } from "../../lib/domain/api/access.ts";
import { gather, jsonOption, wholeNumber } from "../arguments.ts";
import { verb } from "../session.ts";
import { table } from "../table.ts";

export function userCommand(): Command {
  const user = new Command("user").description("accounts of people");
  jsonOption(user.command("add").description("add an account; its password is made here and shown once").argument("<account>"))
    .addOption(new Option("--role <role>", "what they may do").choices([...ROLES]).makeOptionMandatory())
    .option("--project <project>", "only this project; may be repeated. Without: all", gather)
    .action(
      verb(async (session, id: string, { role, project }: { role: Role; project?: string[] }) => {
        const added = await addAccount(session.platform().db, { id, role, projects: project ?? null }, session.actor);
        return { value: added, text: `account ${id} (${role}), password: ${added.password}\nIt is shown this once.` };
      }),
    );
  jsonOption(user.command("list").description("all accounts")).action(
    verb(async (session) => {
      const items = await listAccounts(session.platform().db);
      const rows = items.map((item) => ({ ...item, projects: item.projects?.join(", ") ?? "all" }));
      return { value: { items }, text: table(rows, ["id", "role", "projects", "createdAt", "revokedAt"], "no account yet") };
    }),
  );
  jsonOption(user.command("revoke").description("end an account, its sessions and tokens").argument("<account>")).action(
    verb(async (session, id: string) => ({
      value: await revokeAccount(session.platform().db, id, session.actor),
      text: `account ${id} is revoked`,
    })),
  );
  return user;
}

interface TokenOptions {
  readonly account: string;
  readonly scope: TokenScope;
  readonly project?: string;
  readonly days?: number;
}

export function tokenCommand(): Command {
  const token = new Command("token").description("tokens of devices and programs");
  jsonOption(token.command("add").description("add a token; its secret is made here and shown once").argument("<name>", "what it is for"))
    .requiredOption("--account <account>", "whose it is")
    .addOption(new Option("--scope <scope>", "what it can do").choices([...TOKEN_SCOPES]).default("all"))
    .option("--project <project>", "for this project alone")
    .addOption(new Option("--days <n>", "ends after so many days").argParser(wholeNumber(1, 3650)))
    .action(
      verb(async (session, name: string, { account, scope, project, days }: TokenOptions) => {
        const added = await addToken(
          session.platform().db,
          { account, name, scope, project: project ?? null, days: days ?? null },
          session.actor,
        );
        return { value: added, text: `token ${added.token.id} (${scope}) of ${account}, secret: ${added.secret}\nIt is shown this once.` };
      }),
    );
  jsonOption(token.command("list").description("tokens, newest first").option("--account <account>", "only of this account")).action(
    verb(async (session, { account }: { account?: string }) => {
      const items = await listTokens(session.platform().db, account);
      return {
        value: { items },
        text: table(items, ["id", "account", "name", "scope", "project", "createdAt", "expiresAt", "revokedAt"], "no token yet"),
      };
    }),
  );
  jsonOption(token.command("revoke").description("end a token at once").argument("<token>", "its id, not its secret")).action(
    verb(async (session, id: string) => ({
      value: await revokeToken(session.platform().db, id, session.actor),
      text: `token ${id} is revoked`,
    })),
  );
  return token;
}
