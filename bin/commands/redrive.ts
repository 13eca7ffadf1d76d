import { Command, Option } from 'commander';
import { runCommand } from '../exit.ts';
import { endpointOption, jsonOption } from '../options.ts';
import type { RedriveOptions } from '../work/redrive.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/redrive.ts');

/** `entirespace redrive`: dead letters of a deployed stack, once their cause is mended. */
export function redriveCommand(): Command {
  const required = (flags: string, description: string) => new Option(flags, description).makeOptionMandatory();
  return new Command('redrive')
    .description('try again what the dead letters of a deployed stack stand for, once their cause is mended')
    .addOption(required('-b, --bucket <url>', 's3://bucket of the stack'))
    .addOption(required('--arrivals <url>', "the stack's output ArrivalsQueue"))
    .addOption(required('--shards <url>', "the stack's output ShardsQueue"))
    .addOption(required('--arrivals-dead <url>', "the stack's output ArrivalsDeadLetters"))
    .addOption(required('--shards-dead <url>', "the stack's output ShardsDeadLetters"))
    .addOption(endpointOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nReopens the files that failed and sends their messages again; may be repeated.\n\nExamples:\n  $ entirespace redrive -b s3://my-bucket --arrivals https://... --shards https://... --arrivals-dead https://... --shards-dead https://...',
    )
    .action((options: RedriveOptions) => runCommand(async () => (await work()).redrive(options), options.json));
}
