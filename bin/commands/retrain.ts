import { Command, Option } from 'commander';
import { runCommand } from '../exit.ts';
import { endpointOption, jsonOption, stateMachineArn } from '../options.ts';
import type { RetrainOptions } from '../work/retrain.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/retrain.ts');

/** `entirespace retrain`: a run of a deployed stack's state machine, by hand. */
export function retrainCommand(): Command {
  return new Command('retrain')
    .description("start a deployed stack's retraining by hand: the same run as by its schedule")
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
    .addHelpText(
      'after',
      '\nPrints the execution and where its decision will be; with --wait it ends with 0 (promoted) or 7 (refused by the gate).\nWhere another run is training the model, the new one ends at once.\n\nExamples:\n  $ entirespace retrain --now --wait -b s3://my-bucket --state-machine arn:aws:states:...',
    )
    .action((options: RetrainOptions) =>
      runCommand(async (signal) => (await work()).retrain(options, signal), options.json),
    );
}
