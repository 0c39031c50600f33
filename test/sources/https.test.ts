import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SensorloopError } from "../../lib/domain/errors.ts";
import { checkUrl, isPublicAddress } from "../../lib/sources/egress.ts";
import { download } from "../../lib/sources/https.ts";

const folder = mkdtempSync(join(tmpdir(), "https-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "file");

describe("F34: an address that leads inside", () => {
  let listener: TcpServer;
  let port: number;
  let hits = 0;
  beforeAll(async () => {
    listener = createTcpServer((socket) => {
      hits++;
      socket.destroy();
    });
    await new Promise<void>((done) => listener.listen(0, "127.0.0.1", done));
    port = (listener.address() as AddressInfo).port;
  });
  afterAll(() => listener.close());

  it.each([
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "0.0.0.0",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.168.1.1",
    "[fd00::1]",
    "[fe80::1]",
  ])("is refused without a packet: https://%s", async (host) => {
    await expect(download({ url: `https://${host}:${port}/` }, { path })).rejects.toMatchObject({ code: "EGRESS_REFUSED" });
    expect(hits).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    "http://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "ftp://example.org/",
    "https://user:secret@example.org/",
    "nonsense",
  ])("is refused: %s", (url) => {
    expect(() => checkUrl(url)).toThrow(expect.objectContaining({ code: "EGRESS_REFUSED", status: 400 }));
  });

  it("never shows the credentials that somebody wrote into it", () => {
    expect(() => checkUrl("https://user:secret@example.org/")).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("secret") as string }),
    );
  });

  it("is told from a public one", () => {
    for (const address of ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "192.0.1.1"])
      expect(isPublicAddress(address), address).toBe(true);
    for (const address of ["172.16.0.1", "172.31.255.255", "224.0.0.1", "255.255.255.255", "::", "2001:db8::1", "not an address"])
      expect(isPublicAddress(address), address).toBe(false);
  });
});

const openssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!openssl)("fetching over https (needs openssl to make a certificate)", () => {
  const body = Buffer.from("x,y\n".repeat(50_000));
  const sha256 = createHash("sha256").update(body).digest("hex");
  let server: Server;
  let port: number;
  let ca: Buffer;
  let hits: string[] = [];
  /** A rule that lets the test's own server through and nothing else. */
  const permitted = (address: string) => address === "127.0.0.1";
  const fetchIt = (route: string, extra: { sha256?: string; bytes?: number; maxBytes?: number; idleMs?: number } = {}) => {
    const { maxBytes, idleMs, ...source } = extra;
    return download({ url: `https://127.0.0.1:${port}${route}`, ...source }, { path, ca, permitted, maxBytes, idleMs });
  };

  beforeAll(async () => {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject], {
      stdio: "ignore",
    });
    ca = readFileSync(cert);
    const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
      "/file": (_, response) => response.end(body),
      "/moved": (_, response) => response.writeHead(302, { location: "/file" }).end(),
      "/inside": (_, response) => response.writeHead(302, { location: `https://127.0.0.2:${port}/file` }).end(),
      "/plain": (_, response) => response.writeHead(301, { location: "http://127.0.0.1/file" }).end(),
      "/circle": (_, response) => response.writeHead(302, { location: "/circle" }).end(),
      "/silent": () => undefined,
      "/cut": (request, response) => {
        response.writeHead(200, { "content-length": body.length });
        response.write(body.subarray(0, 1000), () => request.socket.destroy());
      },
    };
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      hits.push(request.url ?? "");
      const route = routes[request.url?.split("?")[0] ?? ""];
      if (route) route(request, response);
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, "0.0.0.0", done));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  it("writes the bytes and says what they are", async () => {
    await expect(fetchIt("/file", { sha256, bytes: body.length })).resolves.toEqual({ sha256, bytes: body.length });
    expect(readFileSync(path).equals(body)).toBe(true);
  });

  it("follows a redirect, and checks where it leads as it checked the first address", async () => {
    await expect(fetchIt("/moved")).resolves.toMatchObject({ sha256 });
    hits = [];
    await expect(fetchIt("/inside")).rejects.toMatchObject({ code: "EGRESS_REFUSED" });
    await expect(fetchIt("/plain")).rejects.toMatchObject({ code: "EGRESS_REFUSED" });
    expect(hits).toEqual(["/inside", "/plain"]);
  });

  it.each([
    ["other bytes than named", "/file", { sha256: "0".repeat(64) }, "CHECKSUM_MISMATCH"],
    ["more bytes than named", "/file", { bytes: 100 }, "CHECKSUM_MISMATCH"],
    ["more bytes than allowed", "/file", { maxBytes: 100 }, "PAYLOAD_TOO_LARGE"],
    ["a page that is not there", "/none", {}, "SOURCE_UNREACHABLE"],
    ["a circle of redirects", "/circle", {}, "SOURCE_UNREACHABLE"],
    ["a connection that is cut", "/cut", {}, "SOURCE_UNREACHABLE"],
    ["a server that says nothing", "/silent", { idleMs: 200 }, "SOURCE_UNREACHABLE"],
  ])("refuses %s, and leaves no file", async (_, route, extra, code) => {
    const error = await fetchIt(`${route}?signature=s3cr3t`, extra).catch((failure: unknown) => failure as SensorloopError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(route) as string });
    expect(JSON.stringify((error as SensorloopError).report()), "what lets anyone in").not.toContain("s3cr3t");
    expect(existsSync(path)).toBe(false);
  });

  it("refuses a server whose certificate nobody vouches for", async () => {
    await expect(download({ url: `https://127.0.0.1:${port}/file` }, { path, permitted })).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
    });
  });
});
