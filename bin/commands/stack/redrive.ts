import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import { EXIT_CODES } from '../../../lib/contract/exit-codes.ts';
import { type EndpointOptions, openBucket } from '../../bucket.ts';
import type { DefineCommand } from '../../define-command.ts';
import { printResult } from '../../terminal/io.ts';
import { endpointOption, jsonOption } from '../../terminal/options.ts';

interface RedriveOptions extends EndpointOptions {
  readonly bucket: string;
  readonly arrivals: string;
  readonly shards: string;
  readonly arrivalsDead: string;
  readonly shardsDead: string;
  readonly json: boolean;
}

/** `entirespace redrive`: tries the dead letters of a deployed stack again, once their cause is mended. */
export const defineRedrive: DefineCommand = (command, act) => {
  const required = (flags: string, description: string) => new Option(flags, description).makeOptionMandatory();
  command
    .addOption(required('-b, --bucket <url>', 's3://bucket of the stack'))
    .addOption(required('--arrivals <url>', "the stack's output ArrivalsQueue"))
    .addOption(required('--shards <url>', "the stack's output ShardsQueue"))
    .addOption(required('--arrivals-dead <url>', "the stack's output ArrivalsDeadLetters"))
    .addOption(required('--shards-dead <url>', "the stack's output ShardsDeadLetters"))
    .addOption(endpointOption())
    .addOption(jsonOption())
    .examples(
      [
        'entirespace redrive -b s3://my-bucket --arrivals https://... --shards https://... --arrivals-dead https://... --shards-dead https://...',
      ],
      'Reopens the files that failed and sends their messages again; may be repeated.',
    )
    .action((options: RedriveOptions) =>
      act(options.json, async ({ io }) => {
        const { openInbox, openQueue } = await import('../../../lib/queue/open-queue.ts');
        const { redriveDeadLetters } = await import('../../../lib/scoring/handlers/redrive.ts');
        const queue = (url: string) => openQueue(url, options);
        const inbox = (url: string) => openInbox(url, options);
        const files = await redriveDeadLetters({
          store: await openBucket(io, options.bucket, 'write', options),
          newWriterId: randomUUID,
          now: () => new Date(),
          queues: { arrivals: queue(options.arrivals), shards: queue(options.shards) },
          dead: { arrivals: inbox(options.arrivalsDead), shards: inbox(options.shardsDead) },
        });
        const lines = files.map(({ source, status }) => `${source}: ${status}`);
        printResult(io, options.json, files, lines.join('\n') || 'no dead letters');
        return EXIT_CODES.success;
      }),
    );
};
