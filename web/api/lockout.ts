import { SensorloopError } from "../../lib/domain/errors.ts";

/** Wrong passwords that are free; each further one doubles the wait, from a second to a quarter of an hour. */
const FREE = 5;
const LONGEST_SECONDS = 900;
/** Forgotten after this long without a try. */
const MEMORY_MS = 3_600_000;
/** Bounds the memory that strangers can fill; the oldest is forgotten first. */
const PAIRS = 10_000;

/**
 * Slows down guessing: per account and address, so that nobody can lock others out. Accounts that do not exist are
 * treated alike. Kept in this process; with several, each allows its own five.
 */
export interface Lockout {
  /** @throws SensorloopError TOO_MANY_REQUESTS while the pair has to wait */
  check(account: string, address: string): void;
  failed(account: string, address: string): void;
  succeeded(account: string, address: string): void;
}

export function createLockout(now: () => number = Date.now): Lockout {
  const pairs = new Map<string, { failures: number; until: number; at: number }>();
  const key = (account: string, address: string) => `${account} ${address}`;
  const recall = (id: string) => {
    const pair = pairs.get(id);
    return pair && now() - pair.at < MEMORY_MS ? pair : undefined;
  };
  return {
    check(account, address) {
      const wait = Math.ceil(((recall(key(account, address))?.until ?? 0) - now()) / 1000);
      if (wait <= 0) return;
      throw new SensorloopError("TOO_MANY_REQUESTS", `too many wrong passwords; try again in ${wait} s`, {
        facts: { retryAfterSeconds: wait },
      });
    },
    failed(account, address) {
      const id = key(account, address);
      const failures = (recall(id)?.failures ?? 0) + 1;
      const seconds = failures < FREE ? 0 : Math.min(LONGEST_SECONDS, 2 ** (failures - FREE));
      pairs.delete(id);
      pairs.set(id, { failures, until: now() + seconds * 1000, at: now() });
      const oldest = pairs.keys().next();
      if (pairs.size > PAIRS && !oldest.done) pairs.delete(oldest.value);
    },
    succeeded(account, address) {
      pairs.delete(key(account, address));
    },
  };
}
