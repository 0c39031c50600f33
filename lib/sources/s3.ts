import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { SensorloopError } from "../domain/errors.ts";

export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly forcePathStyle: boolean;
}

export interface S3File {
  readonly bucket: string;
  readonly key: string;
  /** What stands after the prefix that was asked for; its last part where the key itself was. */
  readonly name: string;
  readonly bytes: number;
  readonly changedAt?: Date;
}

/** Objects of a bucket that Sensorloop's own credentials can read, by a prefix such as `s3://recordings/2025/`. */
export class S3Source implements Disposable {
  readonly #client: S3Client;

  constructor({ accessKeyId, secretAccessKey, ...access }: S3Access) {
    this.#client = new S3Client({ ...access, credentials: { accessKeyId, secretAccessKey }, responseChecksumValidation: "WHEN_REQUIRED" });
  }

  /** @throws SensorloopError NO_FILES, SOURCE_UNREACHABLE, REQUEST_INVALID */
  async list(url: string): Promise<S3File[]> {
    const { bucket, prefix } = parseS3Url(url);
    const found: S3File[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }))
        .catch((cause: unknown) => {
          throw new SensorloopError("SOURCE_UNREACHABLE", `${url} cannot be listed: ${(cause as Error).message}`, {
            cause,
            facts: { url },
          });
        });
      for (const { Key: key = "", Size: bytes = 0, LastModified: changedAt } of page.Contents ?? []) {
        // `s3://b/day1` means the object, or the folder, of that name and not also `day10`.
        const inside = prefix === "" || prefix.endsWith("/") || key === prefix || key[prefix.length] === "/";
        if (!inside || key.endsWith("/")) continue;
        const name = key === prefix ? key.slice(key.lastIndexOf("/") + 1) : key.slice(prefix.length).replace(/^\//, "");
        found.push({ bucket, key, name, bytes, changedAt });
      }
      token = page.NextContinuationToken;
    } while (token);
    if (found.length === 0) throw new SensorloopError("NO_FILES", `there is no object under ${url}`, { facts: { url } });
    return found;
  }

  /** Streams an object into a file. */
  async fetch({ bucket, key }: S3File, path: string): Promise<void> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      await pipeline(Body as Readable, createWriteStream(path));
    } catch (cause) {
      throw new SensorloopError("SOURCE_UNREACHABLE", `s3://${bucket}/${key} cannot be fetched: ${(cause as Error).message}`, {
        cause,
        facts: { bucket, key },
      });
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

/** @throws SensorloopError REQUEST_INVALID */
export function parseS3Url(url: string): { bucket: string; prefix: string } {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url);
  if (!found) throw new SensorloopError("REQUEST_INVALID", `'${url}' is not of the form s3://bucket/prefix`, { facts: { url } });
  return { bucket: found[1]!, prefix: found[2] ?? "" };
}
