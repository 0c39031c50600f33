import { connect } from "node:net";
import pg from "pg";
import type { Config } from "../lib/config.ts";

const PROBE_MS = 2_000;

/** Whether Postgres carries out a statement. */
export async function answersPostgres(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: PROBE_MS, query_timeout: PROBE_MS });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether an S3 server speaks. Unsigned requests are refused; a refusal is an answer. */
export async function answersObjects(endpoint: string): Promise<boolean> {
  return fetch(endpoint, { signal: AbortSignal.timeout(PROBE_MS) }).then(
    (response) => response.status < 500,
    () => false,
  );
}

/** Whether something listens at HOST:PORT. */
export function answersPort(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  return new Promise((resolve) => {
    const socket = connect({ host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)), timeout: PROBE_MS });
    const answer = (value: boolean) => (socket.destroy(), resolve(value));
    socket
      .once("connect", () => answer(true))
      .once("error", () => answer(false))
      .once("timeout", () => answer(false));
  });
}

/** Whether the web app is alive. */
export async function answersWeb(config: Pick<Config, "web">): Promise<boolean> {
  return fetch(`${webUrl(config)}/api/health`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** Where this machine itself reaches the web app; the public URL may be another's, and "everywhere" is no address. */
export function webUrl({ web }: Pick<Config, "web">): string {
  const host = web.host === "0.0.0.0" || web.host === "::" ? "127.0.0.1" : web.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${web.port}`;
}
