import type { AddLabel } from "../../../../lib/domain/api/labels.ts";
import type { SignalInfo } from "../../../../lib/domain/api/signals.ts";
import type { LeasedTask } from "../../../../lib/domain/api/tasks.ts";
import { overviewTile } from "../../../../lib/domain/signal/tiles.ts";
import { decodeView, type SignalView } from "../../../../lib/domain/signal/view.ts";
import { bytesOf, call } from "../../api/client.ts";
import { waitBeforeMs } from "../../api/event-stream.ts";
import { failureOf, type ApiFailure } from "../../api/failure.ts";
import { newUuid } from "../../api/new-id.ts";
import { taskOf, type Act } from "../../labelling/answers.ts";
import type { HeldTask } from "../../labelling/device.ts";
import type { Outbox } from "../../labelling/outbox.ts";
import { fetchedPart, intervalOf, MOST_SAMPLES, windowOf } from "./window-place.ts";

export interface DeskState {
  /** Ready to be answered without the network; the first is on screen. */
  readonly tasks: readonly HeldTask[];
  /** Whether more are on their way. */
  readonly busy: boolean;
  /** The server was asked and has no more tasks for this account. */
  readonly drained: boolean;
  /** Why no more come; what is here already can be answered all the same. */
  readonly failure: ApiFailure | null;
  /** Tasks whose signal cannot be had. */
  readonly unshown: readonly { readonly task: LeasedTask; readonly failure: ApiFailure }[];
  /** The last ten, the newest last. */
  readonly done: readonly { readonly id: string; readonly act: Act; readonly held: HeldTask }[];
  readonly answered: number;
}

/** The tasks of one project on the desk of one account: fetched ahead, answered without waiting, and taken back. */
export interface Desk {
  subscribe(this: void, listener: () => void): () => void;
  state(this: void): DeskState;
  /** @param selection in samples of the signal; the window where nobody has moved an edge */
  answer(name: string, selection: { readonly from: number; readonly to: number }, seconds: number): void;
  skip(): void;
  undo(): void;
  /** Hands the tasks that cannot be shown to others. */
  passUnshown(): void;
  /** Asks for more, and renews the leases of what is here. */
  refill(): void;
  close(): void;
}

/** Tasks that are fetched ahead; more are asked for when so many are left. */
const AHEAD = 20;
const REFILL_BELOW = 14;
const UNDOABLE = 10;
/** Between one claim and the next, where the first did not bring enough. */
const PAUSE_MS = 1_000;
/** Most that one claim may name. */
const MOST_CLAIMED = 50;
/** Signals that are fetched at once. */
const AT_ONCE = 3;
/** Leases are looked at so often, and renewed when one ends within this time. */
const RENEW_EVERY_MS = 30_000;
const RENEW_BEFORE_MS = 180_000;

export function openDesk(project: string, outbox: Outbox): Desk {
  const listeners = new Set<() => void>();
  const stop = new AbortController();
  const recordings = new Map<string, ReturnType<typeof fetchRecording>>();
  /** Claimed, and not here yet. */
  const coming = new Map<string, LeasedTask>();
  let state: DeskState = { tasks: [], busy: true, drained: false, failure: null, unshown: [], done: [], answered: 0 };
  let lastPlace = 0;
  let firstPlace = 0;
  let failures = 0;
  let running = false;
  let again: ReturnType<typeof setTimeout> | undefined;

  const change = (next: Partial<DeskState>) => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  const answeredAlready = () => new Set(outbox.state().waiting.flatMap(({ act }) => taskOf(act) ?? []));
  const put = async (held: HeldTask) => void (await (await outbox.device())?.put("held", held).catch(() => undefined));
  const forget = async (id: string) => (await outbox.device())?.delete("held", id).catch(() => undefined);

  const wantsMore = () => state.tasks.length < REFILL_BELOW && !state.drained && state.unshown.length < AHEAD;

  async function begin(): Promise<void> {
    const kept = (await (await outbox.device())?.getAll("held").catch(() => [])) ?? [];
    const answered = answeredAlready();
    const mine = kept.filter(({ id, task }) => task.project === project && !answered.has(id));
    mine.sort((left, right) => left.place - right.place);
    lastPlace = mine.at(-1)?.place ?? 0;
    firstPlace = mine[0]?.place ?? 0;
    if (stop.signal.aborted) return;
    change({ tasks: mine });
    refill();
  }

  function refill(): void {
    if (running || stop.signal.aborted) return;
    running = true;
    clearTimeout(again);
    if (!state.busy) change({ busy: true });
    void fill().then(
      () => {
        running = false;
        failures = 0;
        change({ busy: false, failure: null });
        if (wantsMore()) again = setTimeout(refill, PAUSE_MS);
      },
      (error: unknown) => {
        running = false;
        if (stop.signal.aborted) return;
        const failure = failureOf(error);
        change({ busy: false, failure });
        if (failure.retryable || failure.status === 401) again = setTimeout(refill, waitBeforeMs(failures++, Math.random()));
      },
    );
  }

  async function fill(): Promise<void> {
    const answered = answeredAlready();
    const holding = [...answered, ...state.tasks.map(({ id }) => id), ...coming.keys()].slice(0, MOST_CLAIMED);
    const count = Math.min(MOST_CLAIMED, Math.max(AHEAD, holding.length, answered.size + AHEAD));
    const body = { count, holding };
    const { items } = await call("claimTasks", { params: { project }, body }, stop.signal, outbox.account);
    take(items, new Set(holding));
    change({ drained: items.length < count });
    const queue = [...coming.values()];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let task = queue.shift(); task; task = queue.shift()) await fetchSignal(task);
      }),
    );
  }

  /** Leases are renewed, what others have answered goes, and what is new is on its way. */
  function take(items: readonly LeasedTask[], asked: ReadonlySet<string>): void {
    const given = new Map(items.map((item) => [item.id, item]));
    const [current] = state.tasks;
    const kept = state.tasks.flatMap((held) => {
      const task = given.get(held.id);
      // The one on screen stays: if it was answered meanwhile, the server says by whom.
      if (task === undefined && asked.has(held.id) && held !== current) {
        void forget(held.id);
        return [];
      }
      return [task === undefined ? held : { ...held, task }];
    });
    for (const id of coming.keys()) if (!given.has(id) && asked.has(id)) coming.delete(id);
    change({ tasks: kept });
    const known = new Set([
      ...asked,
      ...answeredAlready(),
      ...state.tasks.map(({ id }) => id),
      ...state.unshown.map(({ task }) => task.id),
    ]);
    for (const item of items) if (!known.has(item.id)) coming.set(item.id, item);
  }

  async function fetchSignal(task: LeasedTask): Promise<void> {
    try {
      const { subject, recording } = task;
      const key = `${subject}\n${recording}`;
      if (!recordings.has(key)) recordings.set(key, fetchRecording(subject, recording));
      recordings.get(key)!.catch(() => recordings.delete(key));
      const { whole, overview } = await recordings.get(key)!;
      const { from, to } = fetchedPart(windowOf(task, whole), whole);
      const query = { subject, recording, from, to, columns: MOST_SAMPLES };
      const part = decodeView(await bytesOf("viewSignal", { params: { project }, query }, stop.signal));
      // Labels of others would answer for whoever is asked, and predictions are computed here.
      const info = { ...whole, labels: [], predictions: [] };
      lastPlace += 1;
      arrive({ id: task.id, task, place: lastPlace, info, part, overview });
    } catch (error) {
      if (stop.signal.aborted) return;
      const failure = failureOf(error);
      if (failure.retryable || failure.status === 401) throw error;
      coming.delete(task.id);
      change({ unshown: [...state.unshown, { task, failure }] });
    }
  }

  /** What all tasks of a recording share. */
  async function fetchRecording(subject: string, recording: string): Promise<{ whole: SignalInfo; overview: SignalView }> {
    const params = { project };
    const whole = await call("showSignal", { params, query: { subject, recording } }, stop.signal);
    const { from, to, columns } = overviewTile(whole.samples);
    const query = { subject, recording, from, to, columns };
    return { whole, overview: decodeView(await bytesOf("viewSignal", { params, query }, stop.signal)) };
  }

  function arrive(held: HeldTask): void {
    coming.delete(held.id);
    if (answeredAlready().has(held.id) || state.tasks.some(({ id }) => id === held.id)) return;
    change({ tasks: [...state.tasks, held] });
    void put(held);
  }

  function act(held: HeldTask, doing: Act): void {
    const id = outbox.add(project, doing);
    change({
      tasks: state.tasks.filter((each) => each !== held),
      done: [...state.done, { id, act: doing, held }].slice(-UNDOABLE),
      answered: state.answered + (doing.kind === "label" ? 1 : 0),
    });
    if (wantsMore()) refill();
  }

  const renewal = setInterval(() => {
    const ends = state.tasks.map(({ task }) => Date.parse(task.until));
    if (ends.length === 0 || ends.some((end) => end - Date.now() < RENEW_BEFORE_MS)) refill();
  }, RENEW_EVERY_MS);
  addEventListener(
    "online",
    () => {
      failures = 0;
      refill();
    },
    { signal: stop.signal },
  );
  const unlisten = outbox.onAnswered((task) => change({ tasks: state.tasks.filter(({ id }) => id !== task) }));
  void begin();

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    state: () => state,
    answer(name, selection, seconds) {
      const [held] = state.tasks;
      if (!held) return;
      const { task, info } = held;
      const label: AddLabel = {
        ...{ id: newUuid(), subject: task.subject, recording: task.recording, class: name, confirmation: false },
        ...intervalOf(selection, task, info),
        ...{ task: task.id, version: task.version, seconds: Math.min(86_400, seconds) },
      };
      act(held, { kind: "label", label });
    },
    skip() {
      const [held] = state.tasks;
      if (held) act(held, { kind: "skip", task: held.id });
    },
    undo() {
      const last = state.done.at(-1);
      if (!last) return;
      outbox.takeBack(project, last.id, last.act);
      firstPlace -= 1;
      const held = { ...last.held, place: firstPlace };
      change({
        tasks: [held, ...state.tasks.filter(({ id }) => id !== held.id)],
        done: state.done.slice(0, -1),
        answered: state.answered - (last.act.kind === "label" ? 1 : 0),
      });
      void put(held);
    },
    passUnshown() {
      for (const { task } of state.unshown) outbox.add(project, { kind: "skip", task: task.id });
      change({ unshown: [] });
    },
    refill,
    close() {
      stop.abort();
      clearInterval(renewal);
      clearTimeout(again);
      unlisten();
    },
  };
}
