import { setTimeout as sleep } from "node:timers/promises";
import { createTransport } from "nodemailer";
import { SensorloopError } from "../domain/errors.ts";
import type { NotifySpec } from "../domain/spec-annotation.ts";
import type { Platform } from "../platform.ts";
import { postWebhook, type WebhookOptions } from "../sources/webhook.ts";
import { findProject, findSpec } from "../store/repositories/projects.ts";

export type NoticeKind = NotifySpec["on"][number];

/** What people are told. The facts are for programs: ids and numbers, nothing secret. */
export interface Notice {
  readonly title: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface NotifyOptions extends Pick<WebhookOptions, "ca" | "permitted" | "timeoutMs"> {
  /** The same one again is the same message: what has to be repeated can be told from what is new. */
  readonly delivery: string;
  readonly backoffMs?: number;
}

const TRIES = 3;
/** Of connecting, of the greeting, and of any silence after it; and of the whole conversation three times as much. */
const MAIL_MS = 10_000;

/**
 * Tells whoever the project's spec names, by webhook and by mail; nothing where it names nobody, or does not want this
 * kind. Each way is tried three times. A message that cannot be delivered is no failure of what it tells of.
 * @returns what could not be delivered, each in a sentence
 */
export async function notify(
  platform: Platform,
  project: string,
  kind: NoticeKind,
  notice: Notice,
  options: NotifyOptions,
): Promise<string[]> {
  const wanted = await addresses(platform, project);
  if (!wanted?.on.includes(kind)) return [];
  const { webhookSecret: secret, smtpUrl, mailFrom } = platform.config.notify;
  const { delivery, timeoutMs = MAIL_MS } = options;
  const document = { kind, project, ...notice, url: platform.config.web.publicUrl, at: new Date().toISOString() };
  const ways: [string, () => Promise<unknown>][] = [];
  if (wanted.webhook !== undefined) {
    const { webhook } = wanted;
    ways.push(["webhook", () => postWebhook(webhook, document, { ...options, secret, delivery })]);
  }
  if (wanted.mail.length > 0 && smtpUrl !== undefined) {
    const text = `${notice.text}\n\n${Object.entries(notice.facts)
      .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join("\n")}\n\n${document.url}\n`;
    ways.push([
      "mail",
      () => sendMail(smtpUrl, timeoutMs, { from: mailFrom, to: [...wanted.mail], subject: `Sensorloop: ${notice.title}`, text, delivery }),
    ]);
  }
  const troubles = await Promise.all(ways.map(([way, send]) => tryOut(way, send, options.backoffMs ?? 1_000)));
  return troubles.filter((trouble) => trouble !== null);
}

async function addresses({ db }: Platform, project: string): Promise<NotifySpec | undefined> {
  const current = await findProject(db, project);
  return current && (await findSpec(db, project, current.specVersion))?.body.notify;
}

async function tryOut(way: string, send: () => Promise<unknown>, backoffMs: number): Promise<string | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send();
      return null;
    } catch (error) {
      const final = error instanceof SensorloopError && !error.retryable;
      if (final || attempt === TRIES) return `no ${way} was sent: ${error instanceof Error ? error.message : String(error)}`;
      await sleep(backoffMs * 4 ** (attempt - 1));
    }
  }
}

async function sendMail(
  url: string,
  timeoutMs: number,
  { delivery, ...mail }: { from: string; to: string[]; subject: string; text: string; delivery: string },
): Promise<void> {
  // Text alone, and nothing in it is opened: what annotators and files are called ends up here.
  const patience = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs };
  const transport = createTransport({ url, ...patience }, { disableFileAccess: true, disableUrlAccess: true });
  try {
    const messageId = `<${delivery.replaceAll(/[^\w-]/g, "-")}@sensorloop>`;
    await transport.sendMail({ ...mail, messageId, signal: AbortSignal.timeout(3 * timeoutMs) });
  } finally {
    transport.close();
  }
}
