/** Looks at a deployed stack as its files do: from the bucket through queues and functions to the scores. */
import { MAX_RECEIVES } from '../../lib/contract/limits.ts';
import { queueFacts, queueName } from '../../lib/queue/queue-facts.ts';
import { sqsClient } from '../../lib/queue/sqs-client.ts';
import { fetchVersion } from '../../lib/registry/fetch-version.ts';
import { bucketFacts } from '../../lib/store/s3/bucket-facts.ts';
import type { Store } from '../../lib/store/store.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { checkCanary } from './canary.ts';
import { type Checked, type Finding, finding } from './finding.ts';
import { type StackQueuesOptions, stackQueues } from './stack-queues.ts';

export interface ExamineOptions extends StackQueuesOptions {
  readonly model?: string;
  /** Seconds in which the stack must score a row. */
  readonly wait: number;
}

/** Runs every check that still makes sense after those before it. */
export async function* examine(store: Store, options: ExamineOptions, session: Session): AsyncGenerator<Finding> {
  const bucket = yield* attempt('bucket', () => checkBucket(options));
  if (bucket === null) return;
  yield* attempt('queues', () => checkQueues(options));
  const name = yield* attempt('model', () => checkModel(store, options, session));
  session.signal.throwIfAborted();
  if (name !== null) yield* attempt('canary', () => checkCanary(store, name, options, session));
}

/** Yields what a check finds and returns its value; where it fails, yields the error as a finding, returns `null`. */
async function* attempt<T>(check: string, run: () => Promise<Checked<T>>): AsyncGenerator<Finding, T | null> {
  try {
    const { findings, value } = await run();
    yield* findings;
    return value;
  } catch (error) {
    yield { check, isOk: false, detail: error instanceof Error ? error.message : String(error) };
    return null;
  }
}

async function checkBucket(options: ExamineOptions) {
  const facts = await bucketFacts(options.bucket.replace(/^s3:\/\//, '').replace(/\/$/, ''), options);
  const { keepsVersions, encryption, isClosedToPublic } = facts;
  const findings = [
    finding('bucket', keepsVersions, 'keeps versions', 'keeps no versions, expected them: enable versioning'),
    finding(
      'bucket',
      encryption !== null,
      `encrypted with ${encryption}`,
      'is not encrypted by default, expected it: deploy the stack again',
    ),
    finding(
      'bucket',
      isClosedToPublic,
      'closed to the public',
      'may be opened to the public, expected all access blocked: deploy the stack again',
    ),
  ];
  return { findings, value: facts };
}

async function checkQueues(options: ExamineOptions) {
  const client = sqsClient(options);
  try {
    const queues = await stackQueues(client, options);
    const findings: Finding[] = [];
    for (const [name, { url, deadUrl }] of Object.entries(queues)) {
      const [facts, dead] = [await queueFacts(client, url), await queueFacts(client, deadUrl)];
      const receives = facts.maxReceives ?? 0;
      findings.push(
        finding(
          name,
          receives >= MAX_RECEIVES,
          `${queueName(url)}, ${facts.messages} messages, dead letters after ${receives} receives`,
          `dead letters after ${receives} receives, expected at least ${MAX_RECEIVES}: deploy the stack again`,
        ),
        finding(
          `${name} dead letters`,
          dead.messages === 0,
          'none',
          `${dead.messages} in ${queueName(deadUrl)}, expected none: look at the function's log, mend the cause, then entirespace redrive`,
        ),
      );
    }
    return { findings, value: queues };
  } finally {
    client.destroy();
  }
}

async function checkModel(store: Store, options: ExamineOptions, { io }: Session): Promise<Checked<string>> {
  const name = await chosenModel(store, options.model);
  const version = await requireCurrent(store, name);
  await withScratch(io, (scratch) => fetchVersion(store, name, version, scratch));
  const detail = `${name} ${version} is current, and every file of it has the digest in its manifest`;
  return { findings: [{ check: 'model', isOk: true, detail }], value: name };
}
