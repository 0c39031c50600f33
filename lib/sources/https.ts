import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SensorloopError } from "../domain/errors.ts";
import { checkedLookup, checkUrl, publicText, type AddressRule } from "./egress.ts";

export interface HttpsSource {
  readonly url: string;
  /** SHA-256 that the bytes must have, in lower-case hex. */
  readonly sha256?: string;
  /** How many they must be; without it, `maxBytes` is the bound. */
  readonly bytes?: number;
}

export interface DownloadOptions {
  /** File that is written; removed again where the download fails. */
  readonly path: string;
  readonly maxBytes?: number;
  /** Silence after which the other side counts as gone. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (bytes: number, total: number | null) => void;
  /** For servers of one's own: certificate authority, and which addresses may be spoken to. */
  readonly ca?: string | Buffer;
  readonly permitted?: AddressRule;
}

const MAX_BYTES = 64 * 2 ** 30;
const IDLE_MS = 60_000;
const MAX_REDIRECTS = 5;

/**
 * Fetches a file of the public internet into `path`, streamed, and checks it. Every redirect passes the same checks as
 * the first address. Proxies are not used: behind one the address that is spoken to could not be checked. Errors name an
 * address without its query, which may be a signature that lets anyone in.
 * @throws SensorloopError EGRESS_REFUSED, SOURCE_UNREACHABLE, CHECKSUM_MISMATCH, PAYLOAD_TOO_LARGE
 */
export async function download(source: HttpsSource, options: DownloadOptions): Promise<{ sha256: string; bytes: number }> {
  using agent = disposableAgent(options);
  const response = await follow(source.url, agent, options);
  const limit = source.bytes ?? options.maxBytes ?? MAX_BYTES;
  const total = Number(response.headers["content-length"]) || null;
  const hash = createHash("sha256");
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limit) return done(tooLarge(source, limit));
      hash.update(chunk);
      options.progress?.(bytes, total);
      done(null, chunk);
    },
  });
  try {
    await pipeline(response, meter, createWriteStream(options.path), { signal: options.signal });
    const sha256 = hash.digest("hex");
    if (source.sha256 !== undefined && source.sha256 !== sha256) {
      const url = publicText(source.url);
      throw new SensorloopError("CHECKSUM_MISMATCH", `${url} has the SHA-256 ${sha256}, not ${source.sha256} as named`, {
        facts: { url, expected: source.sha256, actual: sha256, bytes },
      });
    }
    return { sha256, bytes };
  } catch (error) {
    await rm(options.path, { force: true });
    throw asReport(error, source.url);
  }
}

async function follow(first: string, agent: Agent, options: DownloadOptions): Promise<IncomingMessage> {
  let url = checkUrl(first, options.permitted);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await get(url, agent, options).catch((error: unknown) => {
      throw asReport(error, url.href);
    });
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    const { location } = response.headers;
    if (status < 300 || status >= 400 || !location) {
      const shown = publicText(url.href);
      throw new SensorloopError("SOURCE_UNREACHABLE", `${shown} answered ${status}`, { facts: { url: shown, status } });
    }
    url = checkUrl(URL.parse(location, url)?.href ?? location, options.permitted);
  }
  const shown = publicText(first);
  throw new SensorloopError("SOURCE_UNREACHABLE", `${shown} redirects more than ${MAX_REDIRECTS} times`, { facts: { url: shown } });
}

function get(url: URL, agent: Agent, { idleMs = IDLE_MS, signal }: DownloadOptions): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    const sent = request(url, { agent, signal, headers: { "user-agent": "sensorloop", "accept-encoding": "identity" } }, done);
    sent.setTimeout(idleMs, () => sent.destroy(new Error(`nothing was heard for ${idleMs} ms`)));
    sent.on("error", fail);
    sent.end();
  });
}

function disposableAgent({ ca, permitted }: DownloadOptions): Agent & Disposable {
  const agent = new Agent({ keepAlive: false, maxSockets: 1, ca, lookup: checkedLookup(permitted) });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}

function tooLarge(source: HttpsSource, limit: number): SensorloopError {
  const url = publicText(source.url);
  if (source.bytes === undefined)
    return new SensorloopError("PAYLOAD_TOO_LARGE", `${url} is larger than ${limit} bytes`, { facts: { url, limit } });
  return new SensorloopError("CHECKSUM_MISMATCH", `${url} is larger than the ${limit} bytes named`, { facts: { url, limit } });
}

function asReport(error: unknown, address: string): SensorloopError {
  if (error instanceof SensorloopError) return error;
  const url = publicText(address);
  const why = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error);
  return new SensorloopError("SOURCE_UNREACHABLE", `${url} cannot be fetched: ${why}`, { cause: error, facts: { url } });
}
