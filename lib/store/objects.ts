import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Transaction } from "kysely";
import { SensorloopError } from "../domain/errors.ts";
import { checkId } from "../domain/ids.ts";
import type { ObjectKind, ObjectRef } from "../domain/object-ref.ts";
import type { Database } from "./database.ts";
import { Scratch } from "./scratch.ts";

export interface ObjectStoreOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  readonly forcePathStyle: boolean;
  readonly scratchDir: string;
  /** Size from which a file goes up in parts. */
  readonly multipartBytes?: number;
}

/**
 * Larger files go up in parts. Below it one plain put is five times faster on a loopback (1.1 s against 5.6 s for
 * 462 MB), and S3 takes up to 5 GB in one.
 */
const MULTIPART_BYTES = 2 ** 30;
const PART_BYTES = 64 * 2 ** 20;

/** With pieces of 1 MiB, putting 462 MB takes 1.6 s instead of 1.1 s: more garbage, and more pages to map. */
const PIECE_BYTES = 256 * 2 ** 10;

/** Bytes that have been put and are not yet named by a row: they do not exist for anyone until `record` commits. */
export interface PutObject extends ObjectRef {
  readonly project: string;
  readonly kind: ObjectKind;
}

/**
 * Bytes in S3-compatible storage. A key is used once and never overwritten; what makes an object exist is its row in
 * Postgres (`record`), written in the transaction that needs it. Neither conditional writes nor events are relied on.
 */
export class ObjectStore implements AsyncDisposable {
  readonly scratch: Scratch;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #options: ObjectStoreOptions;

  constructor(options: ObjectStoreOptions) {
    this.#options = options;
    this.#bucket = options.bucket;
    this.scratch = new Scratch(options.scratchDir);
    this.#client = new S3Client({
      endpoint: options.endpoint,
      region: options.region,
      credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
      forcePathStyle: options.forcePathStyle,
      // Our own SHA-256 covers the bytes from end to end; the SDK's CRC would double the cost of a put.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      // Exponential backoff with jitter. Where 30 % of requests fail, five tries would still lose one get in 400, eight lose
      // one in 15,000, and neither needs twice the calls (F07).
      maxAttempts: 8,
      requestHandler: new NodeHttpHandler({ connectionTimeout: 3_000, requestTimeout: 30_000, httpAgent: { maxSockets: 32 } }),
    });
  }

  /** Makes the bucket where it is missing. */
  async prepare(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#translate(error, this.#bucket);
      await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket })).catch((cause: unknown) => {
        if (statusOf(cause) !== 409) throw this.#translate(cause, this.#bucket);
      });
    }
  }

  /**
   * Puts a local file under a new key. The file must not change meanwhile; `known` saves hashing it again.
   * The bytes are kept in the scratch cache too, so that this machine does not fetch what it has just put.
   */
  async putFile(project: string, kind: ObjectKind, path: string, known?: { sha256: string; bytes: number }): Promise<PutObject> {
    const { sha256, bytes } = known ?? (await hashFile(path));
    const key = newKey(project, kind);
    if (bytes > (this.#options.multipartBytes ?? MULTIPART_BYTES)) await this.#putParts(key, path, bytes);
    else await this.#put(key, () => createReadStream(path, { highWaterMark: PIECE_BYTES }), bytes);
    await this.scratch.adopt(path, sha256);
    return { key, sha256, bytes, project, kind };
  }

  async putBytes(project: string, kind: ObjectKind, body: Uint8Array): Promise<PutObject> {
    const sha256 = createHash("sha256").update(body).digest("hex");
    const key = newKey(project, kind);
    await this.#put(key, () => body, body.byteLength);
    return { key, sha256, bytes: body.byteLength, project, kind };
  }

  /** A local path with the object's bytes, whose hash has been checked. Do not change or remove the file. */
  async fetch(ref: ObjectRef): Promise<string> {
    return this.scratch.hold(ref.sha256, async (write) => {
      let response;
      try {
        response = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: ref.key }));
      } catch (error) {
        throw this.#translate(error, ref.key);
      }
      await write(response.Body as AsyncIterable<Uint8Array>, ref);
    });
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })).catch((error: unknown) => {
      throw this.#translate(error, key);
    });
  }

  /** Every key under a prefix with its age; the sweeper compares them with the rows. */
  async *list(prefix: string): AsyncGenerator<{ key: string; bytes: number; modified: Date }> {
    let token: string | undefined;
    do {
      const page = await this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }));
      for (const item of page.Contents ?? [])
        yield { key: item.Key ?? "", bytes: item.Size ?? 0, modified: item.LastModified ?? new Date(0) };
      token = page.NextContinuationToken;
    } while (token);
  }

  /** Ends uploads in parts that a killed process left; their parts cost space and are listed nowhere else. */
  async abortParts(before: Date): Promise<number> {
    const { Uploads = [] } = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket }));
    const stale = Uploads.filter((upload) => upload.Initiated && upload.Initiated < before);
    for (const { Key, UploadId } of stale)
      await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }));
    return stale.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }

  async #put(key: string, body: () => Uint8Array | ReturnType<typeof createReadStream>, bytes: number): Promise<void> {
    // A stream cannot be sent twice by the SDK, so a retry opens it again; a body of bytes is retried by the SDK.
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body(), ContentLength: bytes }));
        return;
      } catch (error) {
        const failure = this.#translate(error, key);
        if (!failure.retryable || attempt >= 5) throw failure;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
      }
    }
  }

  async #putParts(key: string, path: string, bytes: number): Promise<void> {
    const body = createReadStream(path, { highWaterMark: 1 << 20 });
    try {
      await new Upload({
        client: this.#client,
        params: { Bucket: this.#bucket, Key: key, Body: body },
        partSize: PART_BYTES,
        queueSize: 2,
      }).done();
      // Completing can be answered with status 200 and an error inside; only the object's own size proves it.
      const { ContentLength } = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }));
      if (ContentLength !== bytes)
        throw new SensorloopError("OBJECT_STORE_UNAVAILABLE", `object '${key}' arrived with ${ContentLength} of ${bytes} bytes`);
    } catch (error) {
      throw this.#translate(error, key);
    } finally {
      body.destroy();
    }
  }

  #translate(error: unknown, key: string): SensorloopError {
    if (error instanceof SensorloopError) return error;
    const status = statusOf(error);
    if (status === 404)
      return new SensorloopError("OBJECT_MISSING", `object '${key}' is not in the store`, { cause: error, facts: { key } });
    if (status === 401 || status === 403) {
      return new SensorloopError("CREDENTIALS_REFUSED", "the object store refused its access key", {
        cause: error,
        facts: { credential: "s3" },
      });
    }
    return new SensorloopError("OBJECT_STORE_UNAVAILABLE", `the object store did not answer (${status ?? (error as Error).name})`, {
      cause: error,
    });
  }
}

/** Makes objects exist: their rows, in the transaction of whatever names them. */
export async function record(tx: Transaction<Database>, objects: readonly PutObject[]): Promise<void> {
  if (objects.length === 0) return;
  const rows = objects.map(({ key, project, kind, sha256, bytes }) => ({ key, project, kind, sha256, bytes }));
  await tx.insertInto("object").values(rows).execute();
}

export async function hashFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  await using file = await open(path);
  // One buffer for all reads: a stream makes one for each, which costs half as much again as to hash them.
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) return { sha256: hash.digest("hex"), bytes };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

/** Keys are made here and nowhere else; a client never sends one. */
function newKey(project: string, kind: ObjectKind): string {
  return `${checkId("project", project)}/${kind}/${randomUUID()}`;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
