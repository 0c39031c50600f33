import { createHmac } from "node:crypto";
import { Agent, request } from "node:https";
import { SensorloopError } from "../domain/errors.ts";
import { checkedLookup, checkUrl, type AddressRule } from "./egress.ts";

export interface WebhookOptions {
  /** Signs the body: header `x-sensorloop-signature: sha256=<HMAC-SHA256 in hex>`. */
  readonly secret?: string;
  /** One delivery, however often it is tried: header `x-sensorloop-delivery`. */
  readonly delivery: string;
  readonly timeoutMs?: number;
  /** For servers of one's own: certificate authority, and which addresses may be spoken to. */
  readonly ca?: string | Buffer;
  readonly permitted?: AddressRule;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends a JSON document once. The name's address is checked where the connection is made, a redirect is an answer like any
 * other that is not 2xx, and what the other side says is not read.
 * @throws SensorloopError EGRESS_REFUSED, SOURCE_UNREACHABLE
 */
export async function postWebhook(address: string, document: object, options: WebhookOptions): Promise<void> {
  const url = checkUrl(address, options.permitted);
  const body = JSON.stringify(document);
  const agent = new Agent({ keepAlive: false, maxSockets: 1, ca: options.ca, lookup: checkedLookup(options.permitted) });
  const signature = options.secret && `sha256=${createHmac("sha256", options.secret).update(body).digest("hex")}`;
  try {
    const status = await new Promise<number>((done, fail) => {
      const sent = request(
        url,
        {
          agent,
          method: "POST",
          // Of everything together; a server that sends a byte a second does not hold a worker.
          signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
          headers: {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "user-agent": "sensorloop",
            "x-sensorloop-delivery": options.delivery,
            ...(signature && { "x-sensorloop-signature": signature }),
          },
        },
        (response) => {
          done(response.statusCode ?? 0);
          response.destroy();
        },
      );
      sent.on("error", fail);
      sent.end(body);
    });
    if (status < 200 || status >= 300)
      throw new SensorloopError("SOURCE_UNREACHABLE", `the webhook at ${url.origin} answered ${status}`, {
        facts: { url: url.origin, status },
      });
  } catch (error) {
    if (error instanceof SensorloopError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SensorloopError("SOURCE_UNREACHABLE", `the webhook at ${url.origin} cannot be reached: ${why}`, {
      cause: error,
      facts: { url: url.origin },
    });
  } finally {
    agent.destroy();
  }
}
