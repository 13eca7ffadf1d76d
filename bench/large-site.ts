/** A bucket on an emulator with a model, candidate files of any size, and the functions that score them. */
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

/** What an invocation took, and the requests that it made of AWS. */
export type Figures = Invocation & Traffic;

/** The bucket and the functions. */
export interface LargeSite {
  readonly site: Site;
  /** Adds a candidate file whose bytes are computed and not stored. */
  add(key: string, object: RepeatedObject): FileVersion;
  /** Invokes a new process of the planner with the arrival of a file. */
  plan(file: FileVersion): Promise<Figures>;
  /** Invokes one process of the scorer with shards of a file, one after another. */
  score(file: FileVersion, shards: readonly number[]): Promise<Figures[]>;
  /** Reads the plan and the outcome of a file, `null` where there is none yet. */
  read(
    file: FileVersion,
  ): Promise<{ plan: Awaited<ReturnType<typeof readPlan>>; outcome: Awaited<ReturnType<typeof readOutcome>> }>;
}

// The memory that the stack gives the functions, beside 4,096 MiB of scratch disk.
const MEMORY_MIB = 3008;

/** Starts the emulator, the server and the site, calls `work` with them, and stops everything afterwards. */
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

/** Returns the figures as a line of text. */
export function describe({ milliseconds, memoryBytes, diskBytes, reads, bytes, others }: Figures): string {
  const requests = Object.entries(others).map(([name, count]) => `${name} ${count}`);
  return `${secondsText(milliseconds / 1000)}, ${byteText(memoryBytes)} of memory, ${byteText(diskBytes)} of disk, ${reads} reads of ${byteText(bytes)}; ${requests.join(', ')}`;
}
