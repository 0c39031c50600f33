import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { tryLock, withLock } from "../../stack/lock.ts";
import { identify } from "../../stack/process-identity.ts";
import { testFolder } from "../support/services.ts";

describe("a lock", () => {
  it("has one holder, and is free again afterwards", async () => {
    const path = join(await testFolder(), "lock");
    const release = await tryLock(path);
    expect(await tryLock(path)).toBeNull();
    await release?.();
    expect(await tryLock(path)).not.toBeNull();
  });

  it("lets those who wait in one by one", async () => {
    const path = join(await testFolder(), "lock");
    let inside = 0;
    let most = 0;
    let waited = 0;
    const work = async () => {
      most = Math.max(most, (inside += 1));
      await sleep(30);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 4 }, () => withLock(path, work, () => (waited += 1))));
    expect(most).toBe(1);
    expect(waited).toBe(3);
  });

  it("is taken over from a process that was killed, by one only", async () => {
    const folder = await testFolder();
    const path = join(folder, "lock");
    const holder = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const corpse = JSON.stringify(identify(holder.pid ?? 0));
    await writeFile(path, corpse);
    expect(await tryLock(path)).toBeNull();
    holder.kill("SIGKILL");
    await once(holder, "exit");
    // The race is between reading and removing, so once says little.
    for (let round = 0; round < 50; round += 1) {
      await writeFile(path, corpse);
      const takers = await Promise.all(Array.from({ length: 5 }, () => tryLock(path)));
      expect(takers.filter(Boolean)).toHaveLength(1);
      expect(await readdir(folder)).toEqual(["lock"]);
    }
  });

  it("is taken over although the one who was taking it over was killed too", async () => {
    const folder = await testFolder();
    const path = join(folder, "lock");
    const corpse = JSON.stringify({ pid: process.pid, began: "before this one" });
    await writeFile(path, corpse);
    await writeFile(`${path}.${createHash("sha256").update(corpse).digest("hex").slice(0, 16)}`, corpse);
    expect(await tryLock(path)).not.toBeNull();
    expect(await readdir(folder)).toEqual(["lock"]);
  });
});
