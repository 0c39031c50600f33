import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SMTPServer } from "smtp-server";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { notify } from "../../lib/app/notify.ts";
import { applySpec, needSpec } from "../../lib/app/projects.ts";
import { takeInWatched } from "../../lib/app/watch.ts";
import type { Spec } from "../../lib/domain/spec.ts";
import { openPlatform, type Platform } from "../../lib/platform.ts";
import { checkedLookup } from "../../lib/sources/egress.ts";
import type { WatchedPlace } from "../../lib/sources/watched.ts";
import { findSpec } from "../../lib/store/repositories/projects.ts";
import { closeAfterwards } from "../support/leftovers.ts";
import { listenOnLoopback } from "../support/loopback.ts";
import { testPlatform } from "../support/platform.ts";
import { testFolder } from "../support/services.ts";
import { specText } from "./world.ts";

const SECRET = "a-secret-of-its-own";
const notice = { title: "a title\r\nbcc: eve@example.org", text: "a text", facts: { night: "n1", labels: 3 } };

const openssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!openssl)("telling people (needs openssl to make a certificate)", () => {
  let platform: Platform;
  let ca: Buffer;
  let port: number;
  let hits: { url: string; body: string; headers: IncomingMessage["headers"] }[] = [];
  let mails: string[] = [];
  let answers: number[] = [];
  /** A rule that lets the test's own server through and nothing else. */
  const permitted = (address: string) => address === "127.0.0.1";
  const options = () => ({ ca, permitted, backoffMs: 1, delivery: "d1" });

  beforeAll(async () => {
    const folder = await testFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject], {
      stdio: "ignore",
    });
    ca = readFileSync(cert);
    const server: Server = createServer({ key: readFileSync(key), cert: ca }, (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        hits.push({ url: request.url ?? "", body, headers: request.headers });
        const status = request.url === "/inside" ? 302 : (answers.shift() ?? 200);
        response.writeHead(status, { location: `https://127.0.0.1:${port}/secret` }).end("x,label\n1,rest\n");
      });
    });
    const web = await listenOnLoopback(server);
    closeAfterwards(() => web.close());
    port = web.port;
    const smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onData(stream, session, done) {
        let text = session.envelope.rcptTo.map(({ address }) => address).join(",");
        stream.on("data", (chunk: Buffer) => (text += `\n${chunk.toString()}`));
        stream.on("end", () => {
          mails.push(text);
          done();
        });
      },
    });
    const mail = await listenOnLoopback(smtp.server);
    closeAfterwards(() => mail.close());
    platform = await testPlatform({
      SENSORLOOP_WEBHOOK_SECRET: SECRET,
      SENSORLOOP_SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      SENSORLOOP_MAIL_FROM: "robot@example.org",
    });
  }, 120_000);
  beforeEach(() => {
    hits = [];
    mails = [];
    answers = [];
  });

  /** Applied as somebody could who goes round the check of what is applied, so that the check at the connection is met. */
  async function project(name: string, extra: string): Promise<void> {
    await applySpec(platform, { text: specText(name), name: "spec.yaml" }, "test");
    const { body } = (await findSpec(platform.db, name, 1))!;
    const changed = JSON.stringify({ ...body, ...(JSON.parse(extra) as object) });
    await platform.db.updateTable("spec").set({ body: changed }).where("project", "=", name).execute();
  }
  const notifying = (webhook: string, mail: string[] = []) =>
    JSON.stringify({ notify: { webhook, mail, on: ["night-done", "night-failed"] } });

  async function watching(name: string, place: WatchedPlace): Promise<Spec> {
    await applySpec(platform, { text: specText(name), name: "spec.yaml" }, "test");
    const spec = await needSpec(platform.db, name);
    return { ...spec, retrain: { ...spec.retrain, watch: [place] } };
  }

  it("sends a signed document and a mail, and nothing of kinds that nobody wants", async () => {
    await project("told", notifying(`https://127.0.0.1:${port}/hook`, ["a@example.org", "b@example.org"]));
    expect(await notify(platform, "told", "night-done", notice, options())).toEqual([]);
    expect(await notify(platform, "told", "night-skipped", notice, options())).toEqual([]);
    expect(hits.length).toBe(1);
    const { body, headers } = hits[0]!;
    expect(JSON.parse(body)).toMatchObject({ kind: "night-done", project: "told", facts: { labels: 3 } });
    expect(headers["x-sensorloop-signature"]).toBe(`sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`);
    expect(mails.length).toBe(1);
    expect(mails[0]).toMatch(/^a@example.org,b@example.org\n/);
    expect(mails[0]).toMatch(/From: robot@example.org/);
    expect(mails[0]).not.toMatch(/^bcc:/im);
  });

  it("tries three times under one name, and then says what could not be delivered", async () => {
    await project("late", notifying(`https://127.0.0.1:${port}/hook`));
    answers = [500, 503];
    expect(await notify(platform, "late", "night-done", notice, options())).toEqual([]);
    expect(hits.map(({ headers }) => headers["x-sensorloop-delivery"])).toEqual(["d1", "d1", "d1"]);
    answers = [500, 500, 500];
    expect(await notify(platform, "late", "night-failed", notice, options())).toEqual([
      `no webhook was sent: the webhook at https://127.0.0.1:${port} answered 500`,
    ]);
  });

  it("waits for a mail server that says nothing no longer than it may, and delivers the rest", async () => {
    let calls = 0;
    const silent = await listenOnLoopback(createTcpServer(() => calls++));
    closeAfterwards(() => silent.close());
    await project("silent", notifying(`https://127.0.0.1:${port}/hook`, ["a@example.org"]));
    const mute = openPlatform({ ...platform.config, notify: { ...platform.config.notify, smtpUrl: `smtp://127.0.0.1:${silent.port}` } });
    closeAfterwards(async () => mute[Symbol.asyncDispose]());
    const began = performance.now();
    const troubles = await notify(mute, "silent", "night-done", notice, { ...options(), timeoutMs: 300 });
    expect(troubles).toEqual([expect.stringMatching(/^no mail was sent: /)]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([calls, hits.length]).toEqual([3, 1]);
  });

  it("takes in what a watched address holds, and shows and keeps no word of its query", async () => {
    const spec = await watching("signed", { url: `https://127.0.0.1:${port}/day.csv?signature=s3cr3t` });
    expect(await takeInWatched(platform, spec, "night/n", { ca, permitted })).toEqual({ files: 1, notes: [] });
    expect(await takeInWatched(platform, spec, "night/n", { ca, permitted }), "the same content").toEqual({ files: 0, notes: [] });
    answers = [403];
    const refused = await takeInWatched(platform, spec, "night/n", { ca, permitted });
    expect(refused.notes).toEqual([expect.stringMatching(/127\.0\.0\.1:\d+\/day\.csv answered 403 \(SOURCE_UNREACHABLE\)$/)]);
    const written = await platform.db.selectFrom("journal").selectAll().where("project", "=", "signed").execute();
    const kept = await platform.db.selectFrom("upload").select(["name", "source"]).where("project", "=", "signed").execute();
    expect(kept).toEqual([{ name: "day.csv", source: `https://127.0.0.1:${port}/day.csv` }]);
    expect(JSON.stringify([refused, written, kept])).not.toContain("s3cr3t");
  });

  it("takes in what lies under a watched prefix, once, and never from the platform's own bucket", async () => {
    const { endpoint, region, forcePathStyle, accessKeyId, secretAccessKey, bucket } = platform.config.s3;
    const client = new S3Client({ endpoint, region, forcePathStyle, credentials: { accessKeyId, secretAccessKey } });
    closeAfterwards(async () => client.destroy());
    const Bucket = `${bucket}-watched`;
    await client.send(new CreateBucketCommand({ Bucket }));
    for (const Key of ["in/p1.csv", "in/readme.txt", "inside/p2.csv"])
      await client.send(new PutObjectCommand({ Bucket, Key, Body: `x,label\n1,rest\n2,${Key}\n` }));
    const spec = await watching("prefixed", { s3: `s3://${Bucket}/in` });
    expect(await takeInWatched(platform, spec, "night/n")).toEqual({ files: 1, notes: [] });
    expect(await takeInWatched(platform, spec, "night/n"), "known by size and time").toEqual({ files: 0, notes: [] });
    const kept = await platform.db.selectFrom("upload").select(["name", "source"]).where("project", "=", "prefixed").execute();
    expect(kept).toEqual([{ name: "p1.csv", source: `s3://${Bucket}/in/p1.csv` }]);
    const own = await takeInWatched(platform, await watching("prefixed", { s3: `s3://${bucket}/` }), "night/n");
    expect(own).toEqual({ files: 0, notes: [expect.stringMatching(/own bucket is no source \(FORBIDDEN\)/)] });
  });

  it("F34: follows no redirect", async () => {
    await project("moved", notifying(`https://127.0.0.1:${port}/inside`));
    expect(await notify(platform, "moved", "night-done", notice, options())).toEqual([expect.stringMatching(/answered 302/)]);
    expect(new Set(hits.map(({ url }) => url))).toEqual(new Set(["/inside"]));
  });

  it.each(["127.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]", "2130706433", "0x7f.1", "0177.0.0.1", "169.254.169.254", "10.0.0.1"])(
    "F34: speaks to nobody inside, by webhook or watch, and the night goes on: https://%s",
    async (host) => {
      const name = `inside-${host.replaceAll(/[^a-z0-9]/g, "-")}`;
      const url = `https://${host}:${port}/file.csv`;
      const text = `${specText(name)}\nnotify: { webhook: "${url}" }`;
      // A name is looked up when it is spoken to; what can be seen to lead inside is refused before.
      if (host !== "localhost")
        await expect(applySpec(platform, { text, name: "spec.yaml" }, "test")).rejects.toMatchObject({ code: "EGRESS_REFUSED" });
      await project(name, JSON.stringify({ notify: { webhook: url, mail: [], on: ["night-done"] } }));
      expect(await notify(platform, name, "night-done", notice, { ca, backoffMs: 1, delivery: "d1" })).toEqual([
        expect.stringMatching(/not a public address/),
      ]);
      const { body } = (await findSpec(platform.db, name, 1))!;
      const watching = { ...body, retrain: { ...body.retrain, watch: [{ url }] } };
      const { files, notes } = await takeInWatched(platform, watching, "test", { ca });
      expect([files, notes]).toEqual([0, [expect.stringMatching(/EGRESS_REFUSED/)]]);
      expect(hits).toEqual([]);
    },
  );

  it.each(["http://example.org/", "file:///etc/passwd", "gopher://example.org/", "https://user:word@example.org/"])(
    "F34: is refused when the spec is applied: %s",
    async (url) => {
      for (const part of [`notify: { webhook: "${url}" }`, `retrain: { watch: [{ url: "${url}" }] }`]) {
        const applied = applySpec(platform, { text: `${specText("refused")}\n${part}`, name: "spec.yaml" }, "test");
        await expect(applied).rejects.toMatchObject({
          code: expect.stringMatching(/^(SPEC_INVALID|EGRESS_REFUSED)$/) as string,
          status: 400,
        });
      }
    },
  );

  it("F34: a name that answers otherwise the second time is asked, and judged, at each connection", async () => {
    const given = ["192.0.1.1", "127.0.0.1"];
    const lookup = checkedLookup(undefined, (_host, _options, answer) => answer(null, [{ address: given.shift()!, family: 4 }]));
    const ask = () =>
      new Promise<string>((done) =>
        lookup("rebinding.example.org", {}, (error, address) => done(error ? (error as never)["code"] : String(address))),
      );
    expect([await ask(), await ask()]).toEqual(["192.0.1.1", "EGRESS_REFUSED"]);
  });
});
