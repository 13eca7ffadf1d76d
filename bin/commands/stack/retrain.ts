import { Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import { bucketFolder, type EndpointOptions, openBucket } from '../../bucket.ts';
import type { DefineCommand } from '../../define-command.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { print, printError, printResult } from '../../terminal/io.ts';
import { endpointOption, jsonOption, stateMachineArn } from '../../terminal/options.ts';

interface RetrainOptions extends EndpointOptions {
  readonly bucket: string;
  readonly stateMachine: string;
  readonly model?: string;
  readonly wait: boolean;
  readonly json: boolean;
}

/** `entirespace retrain`: a run of a deployed stack's state machine, by hand. */
export const defineRetrain: DefineCommand = (command, act) => {
  command
    .addOption(new Option('--now', 'start it, which costs what a scheduled run costs').makeOptionMandatory())
    .addOption(new Option('-b, --bucket <url>', 's3://bucket of the stack').makeOptionMandatory())
    .addOption(
      new Option('--state-machine <arn>', "the stack's output Training")
        .argParser(stateMachineArn)
        .makeOptionMandatory(),
    )
    .option('-m, --model <name>', 'model name (default: the only one with a declaration in training/)')
    .option('--wait', 'wait for the end and print what was decided', false)
    .addOption(endpointOption())
    .addOption(jsonOption())
    .examples(
      ['entirespace retrain --now --wait -b s3://my-bucket --state-machine arn:aws:states:...'],
      'Prints the execution and where its decision will be; with --wait it ends with 0 (promoted) or 7 (refused by the gate, or held by a pin).\nWhere another run is training the model, the new one ends at once.',
    )
    .action((options: RetrainOptions) => act(options.json, (session) => retrain(options, session)));
};

/** Starts a run and prints where it is; where it is waited for, what was decided as well. */
async function retrain(options: RetrainOptions, { io, signal }: Session): Promise<ExitCode> {
  const { bucket, stateMachine, json, wait } = options;
  const store = await openBucket(io, bucket, 'read', options);
  if (bucketFolder(store) !== null)
    throw new UsageError(`retrain starts a deployed stack's run: expected s3://bucket as --bucket, got ${bucket}`);
  const { awaitDecision, declaredModel, startRetraining, statesClient } = await import('../../stack/retraining.ts');
  const model = options.model ?? (await declaredModel(store));
  const client = statesClient(stateMachine, options);
  try {
    const started = await startRetraining(client, store, stateMachine, model);
    if (!json) print(io, `started ${started.execution}\nits decision will be in ${started.result}`);
    else if (!wait) print(io, JSON.stringify(started));
    if (!wait) return EXIT_CODES.success;
    const decision = await awaitDecision(client, store, started, model, signal);
    if (decision === null) {
      printError(io, `entirespace: run ${started.run} goes on by itself`);
      return EXIT_CODES.interrupted;
    }
    const { status, version, reasons } = decision;
    printResult(io, json, { ...started, decision }, `${model} ${version}: ${status}, ${reasons.join('; ')}`);
    const { promotes } = await import('../../../lib/gate/verdict.ts');
    return promotes({ verdict: status }) ? EXIT_CODES.success : EXIT_CODES['not promoted'];
  } finally {
    client.destroy();
  }
}
