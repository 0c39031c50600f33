import { existsSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { PASSWORD } from "./stand-in.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** `CHROMIUM_PATH`, else the system's Chromium, else the one that comes as a package. */
export async function launchBrowser(): Promise<Browser> {
  const named = process.env["CHROMIUM_PATH"];
  if (named !== undefined && named !== "") return chromium.launch({ executablePath: named, args: FLAGS });
  if (existsSync("/usr/bin/chromium")) return chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const { default: packaged } = await import("@sparticuz/chromium");
  return chromium.launch({ executablePath: await packaged.executablePath(), args: [...packaged.args, ...FLAGS] });
}

export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Everything the browser complained about: script errors, console errors, violations of the content security policy. */
  readonly complaints: string[];
}

export async function openPage(
  browser: Browser,
  baseURL: string,
  options: { width?: number; height?: number; colorScheme?: "light" | "dark" } = {},
): Promise<Watched> {
  const { width = 1280, height = 900, colorScheme = "light" } = options;
  const context = await browser.newContext({ baseURL, viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A refused request (401 before sign-in) is logged by the browser itself and is no fault of the page.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) complaints.push(`console: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() === 500) complaints.push(`server: ${response.status()} ${response.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile }) =>
      console.error(`policy: ${effectiveDirective} ${blockedURI} ${sourceFile}`),
    );
  });
  return { page, context, complaints };
}

export async function signIn(page: Page, account = "ada", password = PASSWORD): Promise<void> {
  await page.getByLabel("Account").fill(account);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

/** Waits until nothing on the page is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[aria-label="Loading"]') === null);
}

/** Changes what the system prefers, and waits until the page has followed. */
export async function prefer(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction((scheme) => document.documentElement.dataset["mantineColorScheme"] === scheme, colorScheme);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  // Colours that are still on their way would be judged as they pass.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
}

/**
 * What axe finds against WCAG 2.2 A and AA, as one line each.
 * @param within a selector; what lies around it is the same on every page, and looked at once
 */
export async function accessibilityProblems(page: Page, within = "html"): Promise<string[]> {
  return problemsOf(new AxeBuilder({ page }).include(within).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]));
}

/** The same of colours alone: all that is left to ask where only they have changed. */
export async function contrastProblems(page: Page, within = "html"): Promise<string[]> {
  return problemsOf(new AxeBuilder({ page }).include(within).withRules(["color-contrast"]));
}

async function problemsOf(axe: AxeBuilder): Promise<string[]> {
  // Without a second page to gather results of frames in: there are no frames, and it takes half as long.
  const { violations } = await axe.setLegacyMode(true).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`),
  );
}
