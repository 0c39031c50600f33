import type { SensorloopError } from "../lib/domain/errors.ts";
import type { SpecProblem } from "../lib/domain/spec-file.ts";
import { printable } from "./table.ts";

/** An error for people: what happened, why, what to do, and the code to look it up by. */
export function failureText(error: SensorloopError): string {
  const problems = error.facts["problems"];
  const lines = Array.isArray(problems) && problems.every(isSpecProblem) ? problems.map(problemLine) : [`sensorloop: ${error.message}`];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (cause.message !== "" && !error.message.includes(cause.message)) lines.push(`  because: ${cause.message}`);
  }
  return [
    ...lines.map((line) => line.split("\n").map(printable).join("\n")),
    `  what to do: ${error.remedy}`,
    `  code: ${error.code}`,
  ].join("\n");
}

function isSpecProblem(value: unknown): value is SpecProblem {
  return typeof value === "object" && value !== null && "line" in value && "column" in value && "message" in value;
}

function problemLine({ file, line, column, path, message }: SpecProblem): string {
  return `${file}:${line}:${column}: ${path ? `${path}: ` : ""}${message}`;
}
