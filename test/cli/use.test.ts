import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parsePredictionId, predictionId } from "../../cli/prediction-id.ts";
import { printable, sheet, table } from "../../cli/table.ts";
import { asProcess, inProcess } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** An installation that was never started. */
const nothing = { SENSORLOOP_DATA_DIR: join(folder, "none") };

describe("wrong use ends with 2, nothing on standard output, and says what was wrong", () => {
  it.each([
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["run", "strat", "gym"], /unknown command 'strat'[^]*Did you mean start/],
    [["run"], /Usage: sensorloop run/],
    [["run", "start"], /missing required argument 'project'/],
    [["run", "start", "gym", "--sed", "1"], /unknown option '--sed'/],
    [["run", "start", "gym", "--seed", "x"], /whole number/],
    [["run", "start", "gym", "--set", "windows.seconds"], /path=value/],
    [["run", "list", "--state", "sleeping"], /Allowed choices are queued/],
    [["run", "list", "--limit", "0"], /from 1 to 200/],
    [["model", "champion", "gym", "--at", "soon"], /expected a time/],
    [["user", "add", "ada"], /--role/],
    [["subject", "erase", "gym", "7"], /--why/],
    [["project", "check"], /missing required argument 'file'/],
    [["project", "list", "extra"], /too many arguments/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("and so does the process", async () => {
    const { code, stdout, stderr } = await asProcess(["frobnicate"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unknown command");
  });

  it("but help that was asked for is no error", async () => {
    const { code, stdout, stderr } = await asProcess(["run", "start", "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("--wait");
  });
});

describe("without any service", () => {
  it("a spec is checked: exit 0 and one document", async () => {
    const ended = await asProcess(["project", "check", join(import.meta.dirname, "../../examples/har/spec.yaml"), "--json"], nothing);
    expect(ended.code).toBe(0);
    expect(ended.json()).toMatchObject({ ok: true, project: "har", classes: 6, sensors: ["acc", "gyro"] });
  });

  it("every problem of a spec is told by line and path: exit 1, in both forms", async () => {
    const path = join(folder, "bad.yaml");
    writeFileSync(path, "project: gym\ntitel: Gym\nfiles: []\nlabels: {classes: [a, b]}\nwindows: {kind: row}\n");
    const plain = await inProcess(["project", "check", path], nothing);
    expect(plain.code).toBe(1);
    expect(plain.stdout).toBe("");
    expect(plain.stderr).toContain(
      `${path}:2:1: titel: unknown key \`titel\`; did you mean \`title\`?\n${path}:3:8: files: expected a list of at least 1 entries`,
    );
    expect(plain.stderr).toMatch(/what to do: .*\n {2}code: SPEC_INVALID\n$/);
    const json = await inProcess(["project", "check", path, "--json"], nothing);
    expect(json.code).toBe(1);
    expect(json.json()).toMatchObject({
      error: {
        code: "SPEC_INVALID",
        facts: {
          problems: [
            { line: 2, path: "titel" },
            { line: 3, path: "files" },
          ],
        },
      },
    });
  });

  it("recordings are simulated, the same for the same seed", async () => {
    const out = join(folder, "pulse");
    const first = await inProcess(["data", "simulate", "resting-pulse", "--subjects", "3", "--seed", "9", "--out", out, "--json"], nothing);
    const { files, rows } = first.json<{ files: string[]; rows: number }>();
    expect({ code: first.code, rows }).toEqual({ code: 0, rows: 270 });
    const bytes = readFileSync(files[0]!, "utf8");
    await inProcess(["data", "simulate", "resting-pulse", "--subjects", "3", "--seed", "9", "--out", out], nothing);
    expect(readFileSync(files[0]!, "utf8")).toBe(bytes);
  });

  it.each([["../../etc"], ["har"], ["nobody"]])("a project without a simulator is refused: %s", async (project) => {
    const ended = await inProcess(["data", "simulate", project, "--json"], nothing);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ error: { code: "NOT_FOUND", facts: { simulated: ["gym", "resting-pulse"] } } });
  });

  it("what needs the services says that they are not there, which and how to name them", async () => {
    const ended = await inProcess(["run", "list", "--json"], nothing);
    expect(ended.code).toBe(1);
    expect(ended.json()).toMatchObject({ error: { code: "CONFIG_INVALID" } });
    expect(ended.stderr).toContain("SENSORLOOP_DATABASE_URL");
  });
});

describe("the text of others", () => {
  it("cannot steer the terminal", () => {
    const hostile = "\u001b[2Jfile\u0007\u009b31m.csv\r\n";
    for (const text of [printable(hostile), table([{ name: hostile }], ["name"], ""), sheet({ name: hostile })]) {
      const steering = [...text.replaceAll("\n", "")].filter((letter) => letter < " " || (letter >= "\u007f" && letter <= "\u009f"));
      expect(steering).toEqual([]);
    }
  });
});

describe("the id of a prediction", () => {
  it("is one word that leads back to the prediction, whatever the recording is called", () => {
    const key = { model: "gym-1", from: 200, to: 400, subject: "5f0c", recording: "a:b 1-2/c" };
    expect(parsePredictionId(predictionId(key))).toEqual(key);
    for (const text of ["", "gym-1", "gym-1:1-2:s", "0193a5b2-0000-7000-8000-000000000000"])
      expect(parsePredictionId(text)).toBeUndefined();
  });
});
