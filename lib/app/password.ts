import { randomInt } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { SensorloopError } from "../domain/errors.ts";

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane; 20 to 40 ms here. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Hashing shares libuv's four threads with files and DNS: two at once leave half of them free. */
const AT_ONCE = 2;
const WAITING = 32;

/** 20 characters without look-alikes: 20 x log2(55) = 115 bits. */
export function newPassword(): string {
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  return Array.from({ length: 20 }, () => letters[randomInt(letters.length)]).join("");
}

export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, COST));
}

let decoy: Promise<string> | undefined;

/** Without a stored hash (no such account) a decoy is checked instead, so that the answer takes the same time. */
export async function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  decoy ??= hash(newPassword(), COST);
  const against = stored ?? (await decoy);
  const right = await inTurn(() => verify(against, password));
  return right && stored !== undefined;
}

let running = 0;
const queue: (() => void)[] = [];

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= AT_ONCE) {
    if (queue.length >= WAITING)
      throw new SensorloopError("TOO_MANY_REQUESTS", "too many people sign in at this moment", { facts: { retryAfterSeconds: 2 } });
    await new Promise<void>((resolve) => queue.push(resolve));
  } else {
    running++;
  }
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next) next();
    else running--;
  }
}
