import { call } from "../api/client.ts";
import { waitBeforeMs } from "../api/event-stream.ts";
import { newUuid } from "../api/new-id.ts";
import { consequenceOf, taskOf, type Act, type Outgoing, type Refusal } from "./answers.ts";
import { forgetDevice, openDevice, type Device } from "./device.ts";

export interface OutboxState {
  /** What the server has not been told yet, in order. */
  readonly waiting: readonly Outgoing[];
  readonly refused: readonly Refusal[];
  /** `away`: the server did not answer the last time; `signed-out`: it did, and wants a sign-in. */
  readonly link: "well" | "away" | "signed-out";
  /** Whether a closed page loses what is waiting: the browser keeps nothing for it. */
  readonly fleeting: boolean;
}

/**
 * What one account has answered and the server has yet to hear: kept on the device first, sent in order, one at a time,
 * again and again until it is answered. Ids are made here, so that what is sent twice is one. Of several tabs one sends.
 */
export interface Outbox {
  readonly account: string;
  /** Null where nothing can be kept. */
  device(this: void): Promise<Device | null>;
  subscribe(this: void, listener: () => void): () => void;
  state(this: void): OutboxState;
  /** @returns its id, for taking it back. It is in `state` at once, and on the device a moment later. */
  add(project: string, act: Act): string;
  /** Undoes an act: one that has not left never leaves; of one that has, a label is taken back on the server. */
  takeBack(project: string, id: string, act: Act): void;
  /** Somebody has read it. */
  dismiss(refusal: string): void;
  /** Tries at once what waits for another try. */
  nudge(): void;
  /** Tasks that another tab of this account has answered. */
  onAnswered(listener: (task: string) => void): () => void;
  /** The account leaves: what is still waiting stays on the device for its next sign-in, all else goes. */
  leave(): Promise<void>;
}

type Told = { readonly kind: "changed" } | { readonly kind: "answered"; readonly task: string };

/** Somebody may have signed in again in another tab. */
const SIGNED_OUT_WAIT_MS = 15_000;

function openOutbox(account: string): Outbox {
  const name = `sensorloop.outbox.${account}`;
  const listeners = new Set<() => void>();
  const answeredListeners = new Set<(task: string) => void>();
  const stop = new AbortController();
  let state: OutboxState = { waiting: [], refused: [], link: "well", fleeting: false };
  /** In `state`, and not yet on the device. */
  const unwritten = new Map<string, Outgoing>();
  /** The device's database was taken away (another tab has signed out): from then on all is in memory. */
  let closed = false;
  let lastOrder = 0;
  let failures = 0;
  let wake: () => void = () => undefined;

  const change = (next: Partial<OutboxState>) => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  const taken = () => {
    closed = true;
    change({ fleeting: true });
  };
  const device = openDevice(account, taken).then(async (opened) => {
    if (opened === null) change({ fleeting: true });
    else await readAgain(opened);
    return opened;
  });
  const usable = async () => (closed ? null : device);
  // Asked in this order, done in this order.
  let writing: Promise<unknown> = device;
  const write = (work: (device: Device | null) => Promise<void>) => {
    writing = writing.then(async () => work(await usable())).catch(() => change({ fleeting: true }));
  };

  async function readAgain(from: Device): Promise<void> {
    const [waiting, refused] = await Promise.all([from.getAll("outgoing"), from.getAll("refused")]);
    const all = new Map([...waiting, ...unwritten.values()].map((each) => [each.id, each]));
    const ordered = [...all.values()].sort((left, right) => left.order - right.order);
    lastOrder = Math.max(lastOrder, ordered.at(-1)?.order ?? 0);
    change({ waiting: ordered, refused });
  }

  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  const tell = (told: Told) => channel?.postMessage(told);
  channel?.addEventListener("message", ({ data }: MessageEvent<Told>) => {
    if (data.kind === "answered") for (const listener of answeredListeners) listener(data.task);
    else
      write(async (on) => {
        if (on !== null) await readAgain(on);
        wake();
      });
  });

  function entryOf(project: string, act: Act): Outgoing {
    lastOrder = Math.max(lastOrder + 1, Date.now());
    const id = act.kind === "label" ? act.label.id : act.kind === "withdraw" ? act.id : newUuid();
    return { id, order: lastOrder, project, act, tried: false };
  }
  function add(project: string, act: Act): string {
    const entry = entryOf(project, act);
    unwritten.set(entry.id, entry);
    change({ waiting: [...state.waiting, entry] });
    write(async (on) => {
      if (on !== null) await keep(on, entry);
      unwritten.delete(entry.id);
      tell({ kind: "changed" });
      wake();
    });
    return entry.id;
  }
  async function keep(on: Device, entry: Outgoing): Promise<void> {
    const task = taskOf(entry.act);
    const tx = on.transaction(["outgoing", "held"], "readwrite", { durability: "strict" });
    await Promise.all([
      tx.objectStore("outgoing").put(entry),
      ...(task === undefined ? [] : [tx.objectStore("held").delete(task)]),
      tx.done,
    ]);
    if (task !== undefined) tell({ kind: "answered", task });
  }

  function takeBack(project: string, id: string, act: Act): void {
    write(async (on) => {
      if (on === null) return takeBackHere(project, id, act);
      const tx = on.transaction(["outgoing", "refused"], "readwrite", { durability: "strict" });
      const outgoing = tx.objectStore("outgoing");
      const entry = await outgoing.get(id);
      if (entry?.tried === false) await outgoing.delete(id);
      else if ((await tx.objectStore("refused").getKey(id)) !== undefined) await tx.objectStore("refused").delete(id);
      else if (act.kind === "label") await outgoing.put(entryOf(project, { kind: "withdraw", label: act.label.id, id: newUuid() }));
      await tx.done;
      await readAgain(on);
      tell({ kind: "changed" });
      wake();
    });
  }
  function takeBackHere(project: string, id: string, act: Act): void {
    const entry = state.waiting.find((each) => each.id === id);
    if (entry?.tried === false) change({ waiting: state.waiting.filter((each) => each !== entry) });
    else if (state.refused.some((refusal) => refusal.id === id)) change({ refused: state.refused.filter((refusal) => refusal.id !== id) });
    else if (act.kind === "label") add(project, { kind: "withdraw", label: act.label.id, id: newUuid() });
  }

  /** The first entry, marked as having left; undefined where there is none. */
  async function next(): Promise<Outgoing | undefined> {
    const on = await usable();
    if (on === null) {
      const [first, ...others] = state.waiting;
      if (first) change({ waiting: [{ ...first, tried: true }, ...others] });
      return first;
    }
    const tx = on.transaction("outgoing", "readwrite", { durability: "strict" });
    const [first] = (await tx.store.getAll()).sort((left, right) => left.order - right.order);
    if (first && !first.tried) await tx.store.put({ ...first, tried: true });
    await tx.done;
    return first;
  }
  async function settle(entry: Outgoing, refusal: Refusal | null): Promise<void> {
    const gone = entry.act.kind === "withdraw" ? entry.act.label : null;
    const on = await usable();
    if (on !== null) {
      const tx = on.transaction(["outgoing", "refused"], "readwrite", { durability: "strict" });
      await tx.objectStore("outgoing").delete(entry.id);
      // Where the label that was taken back had been refused, there is nothing left to read about.
      if (gone !== null) await tx.objectStore("refused").delete(gone);
      if (refusal) await tx.objectStore("refused").put(refusal);
      await tx.done;
    }
    const others = state.refused.filter(({ id }) => id !== gone);
    change({
      waiting: state.waiting.filter(({ id }) => id !== entry.id),
      refused: refusal ? [...others, refusal] : others,
    });
    tell({ kind: "changed" });
  }

  async function sendAll(): Promise<void> {
    while (!stop.signal.aborted) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      const entry = await next();
      if (!entry) {
        await Promise.race([woken, stopped]);
        continue;
      }
      let refusal: Refusal | null = null;
      try {
        await tellServer(entry, account, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) return;
        const consequence = consequenceOf(entry, error);
        if (consequence.kind === "later") {
          change({ link: consequence.signedOut ? "signed-out" : "away" });
          await later(consequence.signedOut ? SIGNED_OUT_WAIT_MS : waitBeforeMs(failures++, Math.random()));
          continue;
        }
        if (consequence.kind === "refused") refusal = consequence.refusal;
      }
      failures = 0;
      if (state.link !== "well") change({ link: "well" });
      await settle(entry, refusal);
    }
  }
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  let hurry: () => void = () => undefined;
  const later = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const nudge = () => {
    failures = 0;
    hurry();
    wake();
  };
  addEventListener("online", nudge, { signal: stop.signal });
  // Where a page came over plain http there are no locks: then two tabs may send the same, which is one by its id.
  const sending = "locks" in navigator ? navigator.locks.request(name, { signal: stop.signal }, sendAll) : sendAll();
  void Promise.resolve(sending).catch(() => undefined);

  return {
    account,
    device: usable,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    add,
    takeBack,
    dismiss: (refusal) => {
      change({ refused: state.refused.filter(({ id }) => id !== refusal) });
      write(async (on) => {
        await on?.delete("refused", refusal);
        tell({ kind: "changed" });
      });
    },
    nudge,
    onAnswered: (listener) => {
      answeredListeners.add(listener);
      return () => answeredListeners.delete(listener);
    },
    leave: async () => {
      await writing;
      stop.abort();
      hurry();
      channel?.close();
      const on = await usable();
      await on?.clear("held");
      on?.close();
      if (state.waiting.length === 0 && state.refused.length === 0) await forgetDevice(account);
      if (current?.account === account) current = undefined;
    },
  };
}

async function tellServer({ project, act }: Outgoing, account: string, signal: AbortSignal): Promise<void> {
  const params = { project };
  if (act.kind === "label") await call("addLabel", { params, body: act.label }, signal, account);
  else if (act.kind === "skip") await call("skipTask", { params: { project, task: act.task }, body: {} }, signal, account);
  else await call("withdrawLabel", { params: { project, label: act.label }, body: { id: act.id } }, signal, account);
}

let current: Outbox | undefined;

/** The one outbox of the page, of the account that is signed in. */
export function outboxOf(account: string): Outbox {
  if (current?.account !== account) {
    void current?.leave();
    current = openOutbox(account);
  }
  return current;
}
