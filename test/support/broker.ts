import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Settings } from "../../stack/state.ts";

export const SERVICES = ["postgres", "objects", "temporal"] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Broker {
  readonly url: string;
  /** The services that were asked for, each with what it answered. */
  close(): Promise<void>;
}

/**
 * Starts a service when the first test of a run asks for it, `GET /<service>`, and answers all of them with its settings:
 * a run of pure tests starts nothing.
 */
export async function openBroker(start: Readonly<Record<ServiceName, () => Promise<Settings>>>): Promise<Broker> {
  const started = new Map<ServiceName, Promise<Settings>>();
  const server = createServer((request, response) => {
    const name = SERVICES.find((service) => request.url === `/${service}`);
    if (!name) return void response.writeHead(404).end();
    const settings = started.get(name) ?? start[name]();
    started.set(name, settings);
    settings.then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.allSettled(started.values());
    },
  };
}
