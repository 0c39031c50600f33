import { createServer as createHttpServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** What goes wrong between a client and the service behind the proxy; `share` is the part of requests or connections it meets (1 unless given). */
export type HttpFault =
  | { readonly kind: "status"; readonly status: number; readonly share?: number }
  | { readonly kind: "delay"; readonly ms: number; readonly share?: number }
  | { readonly kind: "reset"; readonly share?: number }
  /** The service does its work, and the client never hears of it. */
  | { readonly kind: "drop-reply"; readonly share?: number }
  /** The reply's body ends after so many bytes, with the connection. */
  | { readonly kind: "truncate"; readonly bytes: number; readonly share?: number }
  /** One bit of the byte at this place of the reply's body is another. */
  | { readonly kind: "flip"; readonly byte: number; readonly share?: number };

export type TcpFault =
  | { readonly kind: "refuse"; readonly share?: number }
  /** Nothing passes in either direction while this is set; connections stay open. */
  | { readonly kind: "stall" }
  | { readonly kind: "delay"; readonly ms: number }
  /** Once the client has sent this text (any case), the service's reply is awaited, swallowed, and the connection cut. */
  | { readonly kind: "drop-reply"; readonly after: string; readonly times?: number };

export interface FaultProxy<Fault> extends AsyncDisposable {
  readonly port: number;
  /** Requests (HTTP) or connections (TCP) that came so far. */
  readonly seen: number;
  /** How many of them met a fault. */
  readonly faults: number;
  /** `only` picks the requests that can meet it, by method and path. Null: all is well again. */
  set(fault: Fault | null, only?: (method: string, path: string) => boolean): void;
  /** Cuts every open connection. */
  cut(): void;
}

/** Stands before an HTTP service on the loopback. Host and signature headers pass unchanged, so S3 requests stay valid. */
export async function httpFaultProxy(target: { readonly port: number }): Promise<FaultProxy<HttpFault>> {
  const state = { fault: null as HttpFault | null, only: (_method: string, _path: string) => true, seen: 0, faults: 0 };
  const chance = seededChance();

  const server = createHttpServer((request, response) => {
    state.seen += 1;
    const meets = state.fault !== null && state.only(request.method ?? "", request.url ?? "") && chance() < (state.fault.share ?? 1);
    const fault = meets ? state.fault : null;
    if (fault) state.faults += 1;
    void serve(request, response, target.port, fault).catch(() => response.destroy());
  });
  return proxyOf(server, state, (sockets) => sockets.forEach((socket) => socket.destroy()));
}

/** Stands before any service on the loopback. */
export async function tcpFaultProxy(target: { readonly port: number }): Promise<FaultProxy<TcpFault>> {
  const state = { fault: null as TcpFault | null, only: () => true, seen: 0, faults: 0 };
  const chance = seededChance();
  let dropped = 0;

  const server = createServer((client) => {
    state.seen += 1;
    if (state.fault?.kind === "refuse" && chance() < (state.fault.share ?? 1)) {
      state.faults += 1;
      client.resetAndDestroy();
      return;
    }
    const service = connect(target.port, "127.0.0.1");
    const cut = () => (client.destroy(), service.destroy());
    for (const socket of [client, service]) socket.on("error", cut).on("close", cut).setNoDelay(true);
    let swallow = false;
    let sent = "";
    client.on("data", (data) => {
      const { fault } = state;
      if (fault?.kind === "drop-reply" && dropped < (fault.times ?? 1)) {
        // The text may come in two pieces.
        sent = (sent + data.toString("latin1").toLowerCase()).slice(-4096);
        if (sent.includes(fault.after.toLowerCase())) {
          swallow = true;
          dropped += 1;
          state.faults += 1;
        }
      }
      void pass(service, data, () => state.fault);
    });
    service.on("data", (data) => {
      if (swallow) cut();
      else void pass(client, data, () => state.fault);
    });
  });
  return proxyOf(server, { ...withReset(state, () => (dropped = 0)) }, (sockets) => sockets.forEach((socket) => socket.destroy()));
}
