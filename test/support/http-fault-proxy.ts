import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { randomFor } from "../../lib/domain/random.ts";
import { listenOnLoopback } from "./loopback.ts";

/** What goes wrong between a client and an HTTP service; `share` of the requests meet it (1 unless given). */
export type HttpFault = { readonly share?: number } & (
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "delay"; readonly ms: number }
  /** The connection is reset before the service hears of the request. */
  | { readonly kind: "reset" }
  /** The service does its work, and the client never hears of it. */
  | { readonly kind: "drop-reply" }
  /** The reply's body ends after so many bytes, with the connection. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** The lowest bit of the byte at this place of the reply's body is the other one. */
  | { readonly kind: "flip"; readonly byte: number }
);

export interface HttpFaultProxy extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Requests so far. */
  readonly seen: number;
  /** How many of them met a fault. */
  readonly faults: number;
  /** `only` picks the requests that can meet it. Null: all is well again. */
  set(fault: HttpFault | null, only?: (method: string, path: string) => boolean): void;
  /** Resets every open connection. */
  cut(): void;
}

/** Stands before a service on the loopback. Host and signature pass unchanged, so that S3 requests stay valid. */
export async function httpFaultProxy(targetPort: number): Promise<HttpFaultProxy> {
  const random = randomFor(7);
  let fault: HttpFault | null = null;
  let only = (_method: string, _path: string) => true;
  let seen = 0;
  let faults = 0;

  const server = createServer((request, response) => {
    seen += 1;
    const met = fault !== null && only(request.method ?? "", request.url ?? "") && random.uniform() < (fault.share ?? 1) ? fault : null;
    if (met) faults += 1;
    serve(request, response, targetPort, met).catch(() => response.destroy());
  });
  const listening = await listenOnLoopback(server);
  return {
    port: listening.port,
    url: `http://127.0.0.1:${listening.port}`,
    get seen() {
      return seen;
    },
    get faults() {
      return faults;
    },
    set(next, which = () => true) {
      fault = next;
      only = which;
    },
    cut: listening.cut,
    [Symbol.asyncDispose]: () => listening.close(),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, port: number, fault: HttpFault | null): Promise<void> {
  if (fault?.kind === "reset") return void request.socket.resetAndDestroy();
  if (fault?.kind === "status") {
    // Unread, the body would be taken for the next request on this connection.
    request.resume();
    return void response.writeHead(fault.status, { connection: "close" }).end();
  }
  if (fault?.kind === "delay") await sleep(fault.ms);
  const reply = await forward(request, port);
  if (fault?.kind === "drop-reply") {
    reply.resume();
    return void request.socket.resetAndDestroy();
  }
  response.writeHead(reply.statusCode ?? 502, reply.headers);
  let at = 0;
  for await (const piece of reply as AsyncIterable<Buffer>) {
    if (fault?.kind === "truncate" && at + piece.length > fault.bytes) {
      response.write(piece.subarray(0, fault.bytes - at), () => response.destroy());
      return;
    }
    if (fault?.kind === "flip" && fault.byte >= at && fault.byte < at + piece.length) piece[fault.byte - at]! ^= 1;
    at += piece.length;
    if (!response.write(piece)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

function forward(request: IncomingMessage, port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url, headers } = request;
    const sent = sendRequest({ host: "127.0.0.1", port, method, path: url, headers }, resolve);
    sent.on("error", reject);
    request.on("error", () => sent.destroy());
    request.pipe(sent);
  });
}

function once(emitter: ServerResponse, event: "drain" | "close"): Promise<void> {
  return new Promise((resolve) => emitter.once(event, resolve));
}
