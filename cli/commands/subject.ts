import { Command } from "commander";
import { eraseSubject } from "../../lib/app/erasure.ts";
import { listSubjects, setProfile } from "../../lib/app/profiles.ts";
import { jsonOption, pageOptions, type ListOptions } from "../arguments.ts";
import { verb } from "../session.ts";
import { sheet, table } from "../table.ts";

interface ProfileOptions {
  readonly age?: string;
  readonly sex?: string;
  readonly level?: string;
  readonly weight?: string;
  readonly height?: string;
}

export function subjectCommand(): Command {
  const subject = new Command("subject").description("people whose recordings a project has, and what is known of them");
  pageOptions(jsonOption(subject.command("list").description("people with profile and cohort").argument("<project>"))).action(
    verb(async (session, project: string, options: ListOptions) => {
      const page = await listSubjects(session.platform(), project, options);
      const columns = ["subject", "biometricId", "age", "sex", "level", "weightKg", "heightCm", "cohort"] as const;
      return { value: page, text: table(page.items, columns, "no file has named a person yet") };
    }),
  );
  jsonOption(
    subject
      .command("profile")
      .description("say what is known of a person; `unknown` takes a field back")
      .argument("<project>")
      .argument("<subject>", "as the files call them, or their biometric id"),
  )
    .option("--age <years>", "whole years, 0 to 130")
    .option("--sex <sex>", "female, male, other")
    .option("--level <level>", "beginner, intermediate, enthusiast, athlete")
    .option("--weight <kg>", "2 to 400")
    .option("--height <cm>", "40 to 260")
    .action(
      verb(async (session, project: string, name: string, { age, sex, level, weight, height }: ProfileOptions) => {
        const texts = { age, sex, level, weightKg: weight, heightCm: height };
        const known = await setProfile(session.platform(), project, name, texts, session.actor);
        return { value: known, text: sheet({ ...known }) };
      }),
    );
  jsonOption(
    subject
      .command("erase")
      .description("remove what is known of a person, and take nothing of them in any more; cannot be undone")
      .argument("<project>")
      .argument("<subject>", "as the files call them, or their biometric id")
      .requiredOption("--why <text>", "for the journal, which keeps it for ever: name nobody"),
  ).action(
    verb(async (session, project: string, name: string, { why }: { why: string }) => {
      const erased = await eraseSubject(session.platform(), project, name, why, session.actor);
      const text = `${sheet({ ...erased })}\n\nThe next run leaves their recordings out. What stays: docs/operations.md, Erasing a person.`;
      return { value: erased, text };
    }),
  );
  return subject;
}
