import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { notify } from "../../lib/app/notify.ts";
import { applySpec } from "../../lib/app/projects.ts";
import { takeInWatched } from "../../lib/app/watch.ts";
import type { Platform } from "../../lib/platform.ts";
import { checkedLookup } from "../../lib/sources/egress.ts";
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
        response.writeHead(status, { location: `https://127.0.0.1:${port}/secret` }).end();
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
      expect(await notify(platform, name, "night-done", notice, { ca, backoffMs: 1 })).toEqual([
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
