/** Which TensorFlow a model was trained on, as the trainer recorded it; null where nothing is recorded (yet). */
export function backendOf(training: Readonly<Record<string, unknown>> | null | undefined): string | null {
  const backend = training?.["backend"];
  return typeof backend === "string" ? backend : null;
}

/** What a back end other than the native one means; null when there is nothing to say. */
export function backendWarning(backend: string | null): string | null {
  switch (backend) {
    case null:
    case "native":
      return null;
    case "wasm":
      return "TensorFlow ran as WebAssembly, not natively: slower by several times. `sensorloop doctor` says why the native one is missing.";
    case "cpu":
      return "TensorFlow ran as plain JavaScript, not natively: slower by far. `sensorloop doctor` says why the native one is missing.";
    default:
      return `TensorFlow ran on the back end '${backend}', not the native one.`;
  }
}
