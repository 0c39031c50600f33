import { join } from "node:path";
import { ensureFirstUser } from "../../lib/app/accounts.ts";
import { startPending } from "../../lib/app/outbox.ts";
import { loadConfig } from "../../lib/config.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { awaitDatabase } from "../../lib/store/await-database.ts";
import { createApp, type AppOptions } from "./app.ts";

/** Runs that Temporal did not take are started as soon as it is back. */
const OUTBOX_MS = 5_000;
/** What is being answered may end; a stream is cut at once and opened again by its page. */
const GRACE_MS = 10_000;

/**
 * Listens until `signal` says stop, then ends what is in hand.
 * @param onListening is told the address
 */
export async function serve(
  platform: Platform,
  signal: AbortSignal,
  options: AppOptions & { onListening?: (address: string) => void } = {},
): Promise<void> {
  const { host, port } = platform.config.web;
  const app = await createApp(platform, options);
  const outbox = setInterval(
    () => void startPending(platform).catch((error: unknown) => platform.log.warn({ error }, "pending runs could not be started")),
    OUTBOX_MS,
  );
  try {
    options.onListening?.(await app.listen({ host, port }));
    await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
  } finally {
    clearInterval(outbox);
    const late = setTimeout(() => app.server.closeAllConnections(), GRACE_MS);
    await app.close();
    clearTimeout(late);
  }
}

/** Makes the first account as soon as Postgres is there; requests are answered with 503 meanwhile. */
async function welcome(platform: Platform, signal: AbortSignal): Promise<void> {
  const onWait = () => platform.log.warn("Postgres does not answer yet; waiting for it");
  await awaitDatabase(platform.db, { withinMs: Infinity, onWait, signal });
  if (signal.aborted) return;
  const first = await ensureFirstUser(platform.db);
  // Printed once and kept nowhere; the log is not the place for it.
  if (first) process.stdout.write(`\nFirst account: ${first.account}\nPassword (shown this once): ${first.password}\n\n`);
}

if (import.meta.main) {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  await using platform = openPlatform(loadConfig());
  const uiFolder = platform.config.uiDir ?? join(import.meta.dirname, "..", "ui", "dist");
  // What no waiting helps against, such as a refused password, ends the process.
  const welcomed = welcome(platform, stop.signal).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  await Promise.all([
    welcomed,
    serve(platform, stop.signal, {
      uiFolder,
      metricsToken: platform.config.web.metricsToken,
      onListening: (address) => platform.log.info({ address }, "the web app listens"),
    }),
  ]);
}
