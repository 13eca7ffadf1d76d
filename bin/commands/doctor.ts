import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import { bucketOption, endpointOption, jsonOption, modelOption, secondsOption } from '../options.ts';
import type { DoctorOptions } from '../work/doctor.ts';

const work = () => import('../work/doctor.ts');

/** `entirespace doctor`: what is wrong with a deployed stack. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check a deployed stack: bucket, queues, model, and a candidate file of one row that it must score')
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .option('--arrivals <url>', "the stack's output ArrivalsQueue (default: found by the bucket)")
    .option('--shards <url>', "the stack's output ShardsQueue (default: found by the other's name)")
    .addOption(secondsOption('--wait', 'time in which the stack must score the row').default(120))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nPrints a line for each check, with what to do where it failed, and exits with 1 where one did.\n\nExamples:\n  $ entirespace doctor --bucket s3://my-bucket',
    )
    .action((options: DoctorOptions) =>
      runCommand(async (signal) => (await work()).doctor(options, signal), options.json),
    );
}
