import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import { bucketFolder, type EndpointOptions, openBucket } from '../../bucket.ts';
import type { DefineCommand } from '../../define-command.ts';
import type { Finding } from '../../stack/finding.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { print } from '../../terminal/io.ts';
import { bucketOption, endpointOption, jsonOption, modelOption, secondsOption } from '../../terminal/options.ts';

interface DoctorOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly arrivals?: string;
  readonly shards?: string;
  /** Seconds. */
  readonly wait: number;
  readonly json: boolean;
}

/** `entirespace doctor`: what is wrong with a deployed stack. */
export const defineDoctor: DefineCommand = (command, act) => {
  command
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .option('--arrivals <url>', "the stack's output ArrivalsQueue (default: found by the bucket)")
    .option('--shards <url>', "the stack's output ShardsQueue (default: found by the other's name)")
    .addOption(secondsOption('--wait', 'time in which the stack must score the row').default(120))
    .addOption(jsonOption())
    .examples(
      ['entirespace doctor --bucket s3://my-bucket'],
      'Prints a line for each check, with what to do where it failed, and exits with 1 where one did.',
    )
    .action((options: DoctorOptions) => act(options.json, (session) => doctor(options, session)));
};

/** Runs the checks and prints what they find as they go. */
async function doctor(options: DoctorOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  const store = await openBucket(io, options.bucket, 'read', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`doctor looks at a deployed stack: expected s3://bucket as --bucket, got ${options.bucket}`);
  const { examine } = await import('../../stack/examine.ts');
  const findings: Finding[] = [];
  for await (const finding of examine(store, options, session)) {
    findings.push(finding);
    const { check, isOk, detail } = finding;
    if (!options.json) print(io, `${isOk ? 'ok  ' : 'FAIL'}  ${check}: ${detail}`);
  }
  if (options.json) print(io, JSON.stringify(findings));
  return findings.every(({ isOk }) => isOk) ? EXIT_CODES.success : EXIT_CODES['unexpected error'];
}
