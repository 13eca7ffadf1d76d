/** Runs cases in a process of its own, which the runner ends if one of them hangs or takes the process with it. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '../../lib/table/database.ts';
import { KINDS } from './cases.ts';
import { Random } from './random.ts';
import { copyBucket, Violation, type World } from './world.ts';

/** Which cases a worker runs. */
export interface Task {
  readonly folder: string;
  readonly seed: number;
  readonly cases: readonly number[];
  /** The only kind of case; `null` for all. */
  readonly kind: string | null;
}

/** A message of a worker: that a case begins, or how it ended. */
export interface Told {
  readonly index: number;
  readonly kind: string;
  /** What was done, in order. */
  readonly notes: readonly string[];
  /** `undefined` while it runs, `null` where everything held. */
  readonly problem?: string | null;
}

process.once('message', (task: Task) => void work(task).then(() => process.exit(0)));

async function work({ folder, seed, cases, kind: only }: Task): Promise<void> {
  let rejected: unknown = null;
  process.on('unhandledRejection', (error) => {
    rejected = error;
  });
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: folder });
  for (const index of cases) {
    const random = new Random(seed, `case/${index}`);
    const kind = only ?? random.pick(Object.entries(KINDS).flatMap(([name, { share }]) => Array(share).fill(name)));
    const place = join(folder, `case-${index}`);
    const notes: string[] = [];
    const told = { index, kind, notes };
    const note = (text: string) => {
      notes.push(text);
      // Sent at once, for the case that the process does not live to tell.
      void tell(told);
    };
    const world: World = { random, folder: place, database, note };
    await tell(told);
    rejected = null;
    await mkdir(place);
    await copyBucket(folder, place);
    const problem = await (KINDS[kind] as (typeof KINDS)[string]).run(world).then(
      () => (rejected === null ? null : `unhandled rejection: ${rejected}`),
      (error: unknown) => (error instanceof Violation ? error.message : String((error as Error).stack)),
    );
    if (problem === null) await rm(place, { recursive: true });
    await tell({ ...told, problem });
  }
}

function tell(told: Told): Promise<void> {
  return new Promise((resolve) => process.send?.(told, () => resolve()));
}
