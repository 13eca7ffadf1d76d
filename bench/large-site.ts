/** A bucket on an emulator with a model, room for objects of any size, and the functions that score them. */
import { byteText, secondsText } from '../lib/numbers/text.ts';
import { arrivalBody } from '../lib/scoring/protocol/events.ts';
import { type FileVersion, fileVersion } from '../lib/scoring/protocol/keys.ts';
import { shardMessageBody } from '../lib/scoring/protocol/messages.ts';
import { readOutcome, readPlan } from '../lib/scoring/protocol/records.ts';
import { startEmulator } from '../test/aws/emulator/emulator.ts';
import { MODEL, openSite, type Site, type Trained, trainSmall } from '../test/aws/site/site.ts';
import type { RepeatedObject } from '../test/store/repeated-object.ts';
import {
  emptyBelow,
  type FunctionProcess,
  type FunctionSettings,
  type Invocation,
  startFunction,
} from './function-process.ts';
import { startLargeObjects, type Traffic } from './large-objects.ts';

/** What an invocation took, and what it asked of AWS. */
export type Figures = Invocation & Traffic;

export interface LargeSite {
  readonly site: Site;
  /** Makes an object that nobody stores a candidate file. */
  add(key: string, object: RepeatedObject): FileVersion;
  /** Hands a file's arrival to a new planner. */
  plan(file: FileVersion): Promise<Figures>;
  /** Hands shards of a file to one scorer, in turn. */
  score(file: FileVersion, shards: readonly number[]): Promise<Figures[]>;
  /** What stands of the file: its plan and outcome. */
  read(
    file: FileVersion,
  ): Promise<{ plan: Awaited<ReturnType<typeof readPlan>>; outcome: Awaited<ReturnType<typeof readOutcome>> }>;
}

// As the stack makes them, with 4,096 MiB of scratch disk.
const MEMORY_MIB = 3008;

/** Starts everything, gives it to the work, and ends it. */
export async function withLargeSite<Result>(
  { functions, scratch }: { readonly functions: string; readonly scratch: string },
  work: (site: LargeSite) => Promise<Result>,
): Promise<Result> {
  const emulator = await startEmulator();
  Object.assign(process.env, emulator.env);
  const objects = await startLargeObjects(emulator.endpoint);
  try {
    const site = await openSite(objects.endpoint);
    await site.publish(await trained(scratch));
    const queues = await site.makeQueues();
    const variables = {
      AWS_ENDPOINT_URL: objects.endpoint,
      BUCKET: `s3://${site.bucket}`,
      MODEL_NAME: MODEL,
      ARRIVALS_URL: queues.arrivals.queueUrl,
      SHARDS_URL: queues.shards.queueUrl,
    };
    const inFunction = async <T>(name: FunctionSettings['name'], use: (process: FunctionProcess) => Promise<T>) => {
      const settings = { name, scratch: await emptyBelow(scratch, name), memoryMiB: MEMORY_MIB, variables };
      const process = startFunction(functions, settings);
      try {
        return await use(process);
      } finally {
        await process.close();
      }
    };
    const invoke = async (process: FunctionProcess, body: string): Promise<Figures> => {
      objects.take();
      const invocation = await process.invoke([body]);
      return { ...invocation, ...objects.take() };
    };
    return await work({
      site,
      add(key, object) {
        objects.add(`/${site.bucket}/${key}`, object);
        const arrival = { bucket: site.bucket, key, versionId: objects.versionId, sequencer: '01', attempt: 1 };
        return fileVersion({ ...arrival, eventTime: new Date().toISOString() });
      },
      plan: (file) => inFunction('plan-shards', (planner) => invoke(planner, arrivalBody(file))),
      score: ({ source }, shards) =>
        inFunction('score-shard', async (scorer) => {
          const figures: Figures[] = [];
          for (const shard of shards) figures.push(await invoke(scorer, shardMessageBody({ source, shard })));
          return figures;
        }),
      read: async ({ source }) => ({
        plan: await readPlan(site.store, source),
        outcome: await readOutcome(site.store, source),
      }),
    });
  } finally {
    await objects.stop();
    await emulator.stop();
  }
}

let small: Promise<Trained> | undefined;

function trained(scratch: string): Promise<Trained> {
  small ??= emptyBelow(scratch, 'training').then((folder) => trainSmall(folder, 1));
  return small;
}

/** A line for people. */
export function describe({ milliseconds, memoryBytes, diskBytes, reads, bytes, others }: Figures): string {
  const requests = Object.entries(others).map(([name, count]) => `${name} ${count}`);
  return `${secondsText(milliseconds / 1000)}, ${byteText(memoryBytes)} of memory, ${byteText(diskBytes)} of disk, ${reads} reads of ${byteText(bytes)}; ${requests.join(', ')}`;
}
