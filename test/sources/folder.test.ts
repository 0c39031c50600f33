import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { filesAt } from "../../lib/sources/folder.ts";
import { parseS3Url } from "../../lib/sources/s3.ts";

const root = mkdtempSync(join(tmpdir(), "folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the files at a path", () => {
  it("are all of a folder, named by their place in it, in the order of the names", async () => {
    mkdirSync(join(root, "b/deep"), { recursive: true });
    mkdirSync(join(root, ".hidden"));
    for (const name of ["z.csv", "b/deep/x.csv", "b/a.csv", ".hidden/no.csv", ".DS_Store"]) writeFileSync(join(root, name), "1\n");
    symlinkSync("/etc/hostname", join(root, "link.csv"));
    expect((await filesAt(root)).map((file) => [file.name, file.bytes])).toEqual([
      ["b/a.csv", 2],
      ["b/deep/x.csv", 2],
      ["z.csv", 2],
    ]);
  });

  it("is the file itself where one is named", async () => {
    expect(await filesAt(join(root, "z.csv"))).toEqual([{ path: join(root, "z.csv"), name: "z.csv", bytes: 2 }]);
  });

  it("are refused where there are none", async () => {
    mkdirSync(join(root, "empty"));
    await expect(filesAt(join(root, "empty"))).rejects.toMatchObject({ code: "NO_FILES" });
    await expect(filesAt(join(root, "nowhere"))).rejects.toMatchObject({ code: "NO_FILES" });
  });
});

describe("an s3 address", () => {
  it.each([
    ["s3://recordings", { bucket: "recordings", prefix: "" }],
    ["s3://recordings/2025/a b.csv", { bucket: "recordings", prefix: "2025/a b.csv" }],
  ])("%s is a bucket and a prefix", (url, expected) => {
    expect(parseS3Url(url)).toEqual(expected);
  });

  it.each(["s3://", "s3://A/x", "s3:/recordings", "https://recordings"])("%s is none", (url) => {
    expect(() => parseS3Url(url)).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" }));
  });
});
