import { createServer } from "node:net";

/** The port of before when it is still free, so that bookmarks and open pages live on; otherwise a free one. */
export async function choosePort(before: number | undefined): Promise<number> {
  return (before === undefined ? null : await tryPort(before)) ?? (await tryPort(0)) ?? Promise.reject(new Error("no port is free"));
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : null));
    });
  });
}
