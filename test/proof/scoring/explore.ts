/**
 * All schedules of a few workers, call by call.
 *
 * Each worker stands at its next call on the store; a schedule says who goes next, or who is killed there and starts
 * again. A state is the store's content and what each worker has read so far; none is entered twice, so that the search
 * is exhaustive without walking every path.
 *
 * Schedules that make no difference are not tried:
 * - A worker that reads what no worker of the scenario ever changes goes on at once. Which keys change is found out by
 *   starting over at each new one.
 * - A worker is killed only where its last call changed something: a read after that leaves no trace.
 */
import { expect } from 'vitest';
import type { StoredObject } from '../../../lib/store/store.ts';
import type { Operation } from '../../scoring/world/gated-store.ts';
import { type MemoryStore, memoryStore, rememberingQueue } from '../../scoring/world/world.ts';
import {
  type Answer,
  type Automaton,
  automaton,
  hash,
  type Position,
  type Step,
  textOf,
  type Work,
} from './automaton.ts';

export interface Scenario {
  /** Brings the store to where the workers begin. */
  readonly setUp: (store: MemoryStore) => Promise<readonly Work[]>;
  /** Kills in one schedule. */
  readonly kills: number;
  /** Whether each worker ends when its publication does, which makes the search much shorter. @default true */
  readonly endsWithPublication?: boolean;
  /** Must hold after every call. */
  readonly atEveryInstant: (store: MemoryStore) => void;
  /** Must hold once all workers have ended; gets what was sent to the shards queue. */
  readonly atTheEnd: (store: MemoryStore, sent: readonly string[]) => Promise<void>;
}

/** The size of the search. From every state all workers can end. */
export interface Explored {
  readonly states: number;
  /** States in which all workers have ended. */
  readonly ends: number;
}

interface Worker extends Position {
  readonly mayBeKilled: boolean;
}

/** The store's content, one for all states that have it. */
interface Content {
  readonly digest: string;
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** Holds the objects; shared, so only to be read. */
  readonly store: MemoryStore;
}

interface State {
  readonly content: Content;
  readonly sent: readonly string[];
  readonly workers: readonly Worker[];
  readonly killsLeft: number;
}

/** What a move of one worker makes of the content and of itself: the same wherever the others stand. */
interface Move {
  readonly content: Content;
  readonly sent: readonly string[];
  readonly worker: Worker;
}

// A worker may fail, and be tried again, where another one takes something from under it.
const MAX_PROCESSES = 6;

/** Enters every state of every schedule, and checks each content and each end. */
export async function explore(scenario: Scenario): Promise<Explored> {
  // Where lookups that find nothing are common, their stack traces take most of the time.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const store = memoryStore();
    const { endsWithPublication = true } = scenario;
    const works = await scenario.setUp(store);
    const automata = works.map((work, worker) => automaton(work, worker, endsWithPublication));
    const objects = new Map<string, StoredObject>();
    for (const key of store.keys()) objects.set(key, await store.get(key));
    const content = { digest: digestOf(objects), objects, store };
    const changing = new Set<string>();
    for (;;) {
      const explored = await search(scenario, automata, content, changing);
      if (explored !== null) return explored;
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Returns `null` if a key changed that was taken for constant. */
async function search(
  { kills, atEveryInstant, atTheEnd }: Scenario,
  automata: readonly Automaton[],
  content: Content,
  changing: Set<string>,
): Promise<Explored | null> {
  const { size } = changing;
  const mover = moverOf(automata, changing, content, atEveryInstant);
  const workers: Worker[] = [];
  for (const index of automata.keys()) workers.push(await mover.begin(index, content, 0));
  /** By state, the states from which it was entered. */
  const before = new Map<string, string[]>();
  const seen = new Set<string>();
  const pending: State[] = [{ content, sent: [], workers, killsLeft: kills }];
  const ends: string[] = [];
  const enter = (state: State, from: string) => {
    const name = nameOf(state);
    const froms = before.get(name);
    if (froms === undefined) before.set(name, [from]);
    else froms.push(from);
    if (!seen.has(name)) pending.push(state);
  };
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const name = nameOf(state);
    if (seen.has(name)) continue;
    seen.add(name);
    let isEnd = true;
    for (const [index, worker] of state.workers.entries()) {
      const move = await mover.go(index, state.content, worker);
      if (changing.size > size) return null;
      if (move === null) continue;
      isEnd = false;
      enter(after(state, index, move), name);
      if (state.killsLeft === 0 || !worker.mayBeKilled) continue;
      const next = await mover.begin(index, state.content, worker.process);
      enter({ ...after(state, index, { ...state, sent: [], worker: next }), killsLeft: state.killsLeft - 1 }, name);
    }
    if (!isEnd) continue;
    ends.push(name);
    await atTheEnd(await restore(state.content.objects), state.sent);
  }
  expect(countLeadingTo(ends, before), 'states from which all workers can end').toBe(seen.size);
  return { states: seen.size, ends: ends.length };
}

/** States from which one of these can be reached: a round of publication that only leads to another is no progress. */
function countLeadingTo(ends: readonly string[], before: ReadonlyMap<string, readonly string[]>): number {
  const leading = new Set(ends);
  for (const name of leading) for (const from of before.get(name) ?? []) leading.add(from);
  return leading.size;
}

function after(state: State, index: number, { content, sent, worker }: Move): State {
  return { ...state, content, sent: [...state.sent, ...sent], workers: state.workers.with(index, worker) };
}

function moverOf(
  automata: readonly Automaton[],
  changing: Set<string>,
  start: Content,
  atEveryInstant: Scenario['atEveryInstant'],
) {
  const moves = new Map<string, Move | null>();
  const contents = new Map([[start.digest, start]]);

  /** Starts a new process of the worker, and runs it to its first call that matters. */
  async function begin(index: number, content: Content, processes: number): Promise<Worker> {
    return settle(index, content, { process: processes + 1, told: '', mayBeKilled: false });
  }

  /** Carries out the worker's call, and runs it to its next call that matters; `null` if it has ended. */
  async function go(index: number, content: Content, worker: Worker): Promise<Move | null> {
    const name = `${index} ${worker.process} ${worker.told} ${content.digest}`;
    const known = moves.get(name);
    if (known !== undefined) return known;
    const step = await stepOf(index, worker);
    const move = step.kind === 'call' ? await perform(index, content, worker, step) : null;
    moves.set(name, move);
    return move;
  }

  async function perform(
    index: number,
    content: Content,
    worker: Worker,
    { operation, act }: Extract<Step, { kind: 'call' }>,
  ): Promise<Move> {
    const store = operation.changes ? await restore(content.objects) : content.store;
    const queue = rememberingQueue();
    const answer = await answerOf(act({ store, queue }));
    const next =
      operation.changes && operation.name !== 'send' ? await changed(content, store, operation.key) : content;
    const position = told(index, worker, operation, answer);
    const settled = await settle(index, next, { ...position, mayBeKilled: operation.changes });
    return { content: next, sent: queue.bodies, worker: settled };
  }

  async function changed({ objects }: Content, store: MemoryStore, key: string): Promise<Content> {
    changing.add(key);
    const after = new Map(objects);
    if ((await store.head(key)) === null) after.delete(key);
    else after.set(key, await store.get(key));
    const digest = digestOf(after);
    const known = contents.get(digest);
    if (known !== undefined) return known;
    atEveryInstant(store);
    const content = { digest, objects: after, store };
    contents.set(digest, content);
    return content;
  }

  /** Runs a worker on while it reads what never changes; one that fails begins again. */
  async function settle(index: number, { store }: Content, worker: Worker): Promise<Worker> {
    let settled = worker;
    for (;;) {
      const step = await stepOf(index, settled);
      if (step.kind === 'failed') {
        if (settled.process === MAX_PROCESSES) throw step.error;
        settled = { process: settled.process + 1, told: '', mayBeKilled: false };
      } else if (step.kind === 'call' && !step.operation.changes && !isContended(step.operation, changing)) {
        const answer = await answerOf(step.act({ store, queue: rememberingQueue() }));
        settled = { ...settled, ...told(index, settled, step.operation, answer) };
      } else return settled;
    }
  }

  async function stepOf(index: number, position: Position): Promise<Step> {
    return (await automata[index]?.next(position)) ?? { kind: 'done' };
  }

  function told(index: number, position: Position, operation: Operation, answer: Answer): Position {
    return automata[index]?.answer(position, operation, answer) ?? position;
  }

  return { begin, go };
}

async function answerOf(result: Promise<unknown>): Promise<Answer> {
  return result.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
}

async function restore(objects: Content['objects']): Promise<MemoryStore> {
  const store = memoryStore();
  for (const [key, { body, metadata }] of objects) await store.put(key, body, { metadata });
  return store;
}

function isContended({ name, key }: Operation, changing: ReadonlySet<string>): boolean {
  return name === 'list' ? [...changing].some((changed) => changed.startsWith(key)) : changing.has(key);
}

function nameOf({ content, sent, workers, killsLeft }: State): string {
  const positions = workers.map(
    ({ process, told, mayBeKilled }) => `${process} ${told} ${mayBeKilled && killsLeft > 0}`,
  );
  return [killsLeft, ...positions, content.digest, ...[...sent].sort()].join('\n');
}

const texts = new WeakMap<StoredObject, string>();

function digestOf(objects: Content['objects']): string {
  const lines = [...objects].map(([key, object]) => {
    const text = texts.get(object) ?? textOf(object);
    texts.set(object, text);
    return `${key} ${text}`;
  });
  return hash(lines.sort().join('\n'));
}
