import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { SignalInfo } from "../../../lib/domain/api/signals.ts";
import type { LeasedTask } from "../../../lib/domain/api/tasks.ts";
import type { SignalView } from "../../../lib/domain/signal/view.ts";
import type { Outgoing, Refusal } from "./answers.ts";

/** A task in somebody's hands, with what has to be seen to answer it. */
export interface HeldTask {
  readonly id: string;
  readonly task: LeasedTask;
  /** Place in the queue of this device, ascending. */
  readonly place: number;
  readonly info: SignalInfo;
  /** Samples of the window and of what lies around it; null where a model's rows have none to show. */
  readonly part: SignalView;
  /** All of the recording, coarsely: what its heights are scaled to, and what there is without the network beyond the part. */
  readonly overview: SignalView;
}

interface Kept extends DBSchema {
  outgoing: { key: string; value: Outgoing };
  refused: { key: string; value: Refusal };
  held: { key: string; value: HeldTask };
}

/** What a browser keeps for one account: another account of the same browser has another database. */
export type Device = IDBPDatabase<Kept>;

const nameOf = (account: string) => `sensorloop.${account}`;

/** Null where the browser keeps nothing for this page (some private windows): then answers live as long as the page. */
export async function openDevice(account: string, onClosed: () => void): Promise<Device | null> {
  try {
    return await openDB<Kept>(nameOf(account), 1, {
      upgrade(db) {
        db.createObjectStore("outgoing", { keyPath: "id" });
        db.createObjectStore("refused", { keyPath: "id" });
        db.createObjectStore("held", { keyPath: "id" });
      },
      // A newer version of the page, or a sign-out in another tab, wants it.
      blocking: (_current, _blocked, event) => {
        (event.target as IDBDatabase).close();
        onClosed();
      },
      terminated: onClosed,
    });
  } catch {
    return null;
  }
}

/** Signals and tasks of somebody who has left are nobody else's business. */
export async function forgetDevice(account: string): Promise<void> {
  await deleteDB(nameOf(account)).catch(() => undefined);
}
