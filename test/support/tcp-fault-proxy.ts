import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { randomFor } from "../../lib/domain/random.ts";
import { listenOnLoopback } from "./loopback.ts";

/** What goes wrong between a client and a service, whatever they speak. */
export type TcpFault =
  /** New connections are reset; `share` of them (1 unless given). */
  | { readonly kind: "refuse"; readonly share?: number }
  /** Nothing passes in either direction while this is set; connections stay open. */
  | { readonly kind: "stall" }
  | { readonly kind: "delay"; readonly ms: number }
  /**
   * The client sends this text (any case), the service does what it was told, and its reply never arrives: the
   * connection is cut instead. So often (1 unless given), at each `every`th time (1 unless given).
   */
  | { readonly kind: "drop-reply"; readonly after: string; readonly times?: number; readonly every?: number };

export interface TcpFaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly seen: number;
  /** Connections refused and replies dropped so far. */
  readonly faults: number;
  /** Null: all is well again. */
  set(fault: TcpFault | null): void;
  /** Resets every open connection. */
  cut(): void;
}

export async function tcpFaultProxy(targetPort: number): Promise<TcpFaultProxy> {
  const random = randomFor(7);
  let fault: TcpFault | null = null;
  let seen = 0;
  let faults = 0;
  let dropped = 0;
  let said = 0;

  const gate = async () => {
    while (fault?.kind === "stall") await sleep(20);
    if (fault?.kind === "delay") await sleep(fault.ms);
  };

  const server = createServer((client) => {
    seen += 1;
    if (fault?.kind === "refuse" && random.uniform() < (fault.share ?? 1)) {
      faults += 1;
      client.on("error", () => {});
      return void client.resetAndDestroy();
    }
    const service = connect(targetPort, "127.0.0.1");
    const cut = () => void (client.destroy(), service.destroy());
    for (const socket of [client, service]) socket.setNoDelay(true).on("error", cut).on("close", cut);
    let swallowing = false;
    let recent = "";
    const toService = inOrder(service, gate);
    const toClient = inOrder(client, gate);
    client.on("data", (data: Buffer) => {
      if (fault?.kind === "drop-reply" && dropped < (fault.times ?? 1)) {
        // The text may come in two pieces.
        recent = (recent + data.toString("latin1").toLowerCase()).slice(-2 * fault.after.length - data.length);
        if (recent.includes(fault.after.toLowerCase())) {
          recent = "";
          said += 1;
          if (said % (fault.every ?? 1) === 0) {
            swallowing = true;
            dropped += 1;
            faults += 1;
          }
        }
      }
      toService(data);
    });
    service.on("data", (data: Buffer) => (swallowing ? cut() : toClient(data)));
  });

  const listening = await listenOnLoopback(server);
  return {
    port: listening.port,
    get seen() {
      return seen;
    },
    get faults() {
      return faults;
    },
    set(next) {
      fault = next;
      dropped = 0;
      said = 0;
    },
    cut: listening.cut,
    [Symbol.asyncDispose]() {
      fault = null;
      return listening.close();
    },
  };
}

/** Writes pieces in the order in which they came, each when the gate lets it. */
function inOrder(to: Socket, gate: () => Promise<void>): (data: Buffer) => void {
  let last = Promise.resolve();
  return (data) => {
    last = last.then(gate).then(() => void (to.writable && to.write(data)));
  };
}
