import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readPidFiles, reap, writePidFile } from "../../stack/pid-file.ts";
import { identify, isAlive } from "../../stack/process-identity.ts";
import type { ServicePlan } from "../../stack/service.ts";
import { supervise, type Supervised } from "../../stack/supervise.ts";
import { kill } from "../support/kill.ts";
import { testFolder } from "../support/services.ts";

/** A service of one line of JavaScript that is ready when it has written its pid into `ready`. */
function planOf(folder: string, code: string, more: Partial<ServicePlan> = {}): ServicePlan {
  const ready = join(folder, "ready");
  const program = `require("node:fs").writeFileSync(${JSON.stringify(ready)}, String(process.pid)); ${code}`;
  return {
    name: "victim",
    command: { file: process.execPath, args: ["-e", program] },
    answers: async (pid) => (await readFile(ready, "utf8")) === String(pid),
    readyWithinMs: 10_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 2_000,
    ...more,
  };
}

const FOR_EVER = "setInterval(() => {}, 1000)";

function stopAtEnd(service: Supervised): Supervised {
  onTestFinished(() => service.stop());
  return service;
}

describe("a supervised service", () => {
  it("is started again when it is killed, under a new pid", async () => {
    const folder = await testFolder();
    const told: string[] = [];
    const service = stopAtEnd(
      await supervise(planOf(folder, FOR_EVER), { folder, backoffMs: 20, onChange: ({ state }) => told.push(state) }),
    );
    const before = service.pid;
    kill(before);
    await expect.poll(() => service.restarts === 1 && service.state === "ready", { timeout: 10_000 }).toBe(true);
    expect(service.pid).not.toBe(before);
    expect(told).toEqual(["ready", "restarting", "ready"]);
    expect((await readPidFiles(join(folder, "run")))[0]).toMatchObject({ name: "victim", pid: service.pid, restarts: 1 });
  });

  it("is left down with a clear message when it keeps failing", async () => {
    const folder = await testFolder();
    const told: string[] = [];
    const once = join(folder, "once");
    const plan = planOf(
      folder,
      `if (require("node:fs").existsSync(${JSON.stringify(once)})) process.exit(3); require("node:fs").writeFileSync(${JSON.stringify(once)}, ""); ${FOR_EVER}`,
    );
    const service = stopAtEnd(
      await supervise(plan, { folder, backoffMs: 10, giveUpAfter: 3, onChange: ({ message }) => told.push(message) }),
    );
    kill(service.pid);
    await expect.poll(() => service.state, { timeout: 20_000 }).toBe("failed");
    expect(told.at(-1)).toMatch(/victim ended with code 3.*3 times in a row: it is left down\. See .*victim\.log/);
    expect(service.pid).toBeUndefined();
    expect(await readPidFiles(join(folder, "run"))).toEqual([]);
  });

  it("fails its first start with the end of its log", async () => {
    const folder = await testFolder();
    const plan = planOf(folder, `console.error("the disk is gone"); process.exit(4)`, { answers: () => Promise.resolve(false) });
    await expect(supervise(plan, { folder })).rejects.toThrow(/ended with code 4[^]*the disk is gone/);
    expect(await readPidFiles(join(folder, "run"))).toEqual([]);
  });

  it("fails when its program is not there", async () => {
    const folder = await testFolder();
    await expect(supervise({ ...planOf(folder, ""), command: { file: join(folder, "nothing"), args: [] } }, { folder })).rejects.toThrow(
      "cannot be started",
    );
  });

  it("takes what it started along when it is stopped", async () => {
    const folder = await testFolder();
    const child = join(folder, "child");
    const code = `const c = require("node:child_process").spawn(process.execPath, ["-e", "${FOR_EVER}"]); require("node:fs").writeFileSync(${JSON.stringify(child)}, String(c.pid)); ${FOR_EVER}`;
    const service = await supervise(planOf(folder, code), { folder });
    await expect.poll(() => existsSync(child)).toBe(true);
    const grandchild = identify(Number(await readFile(child, "utf8")));
    await service.stop();
    expect(service.state).toBe("stopped");
    await expect.poll(() => grandchild && isAlive(grandchild)).toBe(false);
  });

  it("is killed when it does not stop in time", async () => {
    const folder = await testFolder();
    const service = await supervise(planOf(folder, `process.on("SIGTERM", () => {}); ${FOR_EVER}`, { stopWithinMs: 200 }), { folder });
    const identity = identify(service.pid ?? 0);
    await Promise.all([service.stop(), service.stop()]);
    expect(identity && isAlive(identity)).toBe(false);
  });

  it("can be stopped while it waits for its restart", async () => {
    const folder = await testFolder();
    const service = await supervise(planOf(folder, FOR_EVER), { folder, backoffMs: 60_000 });
    kill(service.pid);
    await expect.poll(() => service.state).toBe("restarting");
    await service.stop();
    expect(service.state).toBe("stopped");
  });
});

describe("the next start", () => {
  it("ends what an earlier supervisor left behind", async () => {
    const folder = await testFolder();
    const orphan = spawn(process.execPath, ["-e", FOR_EVER], { detached: true, stdio: "ignore" });
    onTestFinished(() => void orphan.kill("SIGKILL"));
    const identity = identify(orphan.pid ?? 0);
    if (!identity) throw new Error("the orphan did not start");
    await writePidFile(folder, { ...identity, name: "orphan", stopSignal: "SIGTERM", restarts: 0 });
    expect(await reap(folder)).toEqual(["orphan"]);
    expect(isAlive(identity)).toBe(false);
  });

  it("leaves a process alone that has got the pid since", async () => {
    const folder = await testFolder();
    const bystander = spawn(process.execPath, ["-e", FOR_EVER], { detached: true, stdio: "ignore" });
    onTestFinished(() => void bystander.kill("SIGKILL"));
    await writePidFile(folder, {
      pid: bystander.pid ?? 0,
      began: "another boot:12345",
      name: "long-gone",
      stopSignal: "SIGTERM",
      restarts: 0,
    });
    expect(await reap(folder)).toEqual([]);
    expect(identify(bystander.pid ?? 0)).not.toBeNull();
    expect(await readPidFiles(folder)).toEqual([]);
  });

  it("is not held up by a pid file that was being written", async () => {
    const folder = await testFolder();
    await writeFile(join(folder, "half.json"), '{"name": "ha');
    expect(await reap(folder)).toEqual([]);
  });
});
