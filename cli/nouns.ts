import type { Command } from "commander";
import { tokenCommand, userCommand } from "./commands/account.ts";
import { dataCommand } from "./commands/data.ts";
import { demoCommand } from "./commands/demo.ts";
import { featureCommand } from "./commands/feature.ts";
import { journalCommand } from "./commands/journal.ts";
import { labelCommand } from "./commands/label.ts";
import { modelCommand } from "./commands/model.ts";
import { predictCommand, predictionCommand } from "./commands/predict.ts";
import { projectCommand } from "./commands/project.ts";
import { quarantineCommand } from "./commands/quarantine.ts";
import { runCommand } from "./commands/run.ts";
import { scheduleCommand } from "./commands/schedule.ts";
import { subjectCommand } from "./commands/subject.ts";
import { taskCommand } from "./commands/task.ts";

/** Everything that can be done to what the platform holds; bringing the platform itself up and down is beside it. */
export function nounCommands(): Command[] {
  return [
    projectCommand(),
    dataCommand(),
    quarantineCommand(),
    subjectCommand(),
    featureCommand(),
    runCommand(),
    modelCommand(),
    predictCommand(),
    predictionCommand(),
    taskCommand(),
    labelCommand(),
    scheduleCommand(),
    journalCommand(),
    userCommand(),
    tokenCommand(),
    demoCommand(),
  ];
}
