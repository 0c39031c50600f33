import { randomUUID } from "node:crypto";
import { asyncLocalStorage, Context } from "@temporalio/activity";

type Given = ConstructorParameters<typeof Context>;

/** Runs an activity as the worker does, as the first attempt of a workflow of its own, without Temporal. */
export function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  const info = { workflowExecution: { workflowId: "test", runId: randomUUID() }, activityId: "1", attempt: 1 };
  const rest = [new Promise(() => {}), new AbortController().signal, () => {}, undefined] as unknown as [
    Given[1],
    Given[2],
    Given[3],
    Given[4],
  ];
  const unused = undefined as unknown;
  return asyncLocalStorage.run(
    new Context(info as unknown as Given[0], ...rest, unused as Given[5], unused as Given[6], unused as Given[7]),
    work,
  );
}
