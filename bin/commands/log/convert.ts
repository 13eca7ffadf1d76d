import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import type { ConversionProgress } from '../../../lib/convert/ali-ccp/convert.ts';
import type { DefineCommand } from '../../define-command.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { pathIn, printResult } from '../../terminal/io.ts';
import { jsonOption, memoryOption, threadsOption, wholeNumber } from '../../terminal/options.ts';
import { progressBar } from '../../terminal/progress-bar.ts';

interface ConvertOptions {
  readonly data: string;
  readonly out: string;
  readonly maxLength: number;
  readonly validation: number;
  readonly maxRejected: number;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

const FORMATS = ['ali-ccp'];
/** The longest bag of the published dump has some 2,000 values. */
const MOST_VALUES = 4096;
const MIB = 2 ** 20;

/** `entirespace convert`: a public data set as a log. */
export const defineConvert: DefineCommand = (command, act) => {
  command
    .argument('<format>', `what the files are: ${FORMATS.join(', ')}`, format)
    .addOption(
      new Option(
        '--data <folder>',
        'folder of the unpacked files: sample_skeleton_train.csv, common_features_train.csv, and those of test',
      ).makeOptionMandatory(),
    )
    .addOption(new Option('--out <folder>', 'folder of the log, a new one').makeOptionMandatory())
    .addOption(
      new Option('--max-length <n>', 'values kept of a bag: those of greatest weight')
        .default(20)
        .argParser(wholeNumber(MOST_VALUES)),
    )
    .addOption(
      new Option('--validation <share>', 'share of the training rows that become validation rows')
        .default(0.05)
        .argParser(share),
    )
    .addOption(
      new Option('--max-rejected <share>', "share of a file's lines that may be left out")
        .default(0.01)
        .argParser(share),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(['entirespace convert ali-ccp --data ali-ccp/ --out log/'])
    .action((_format: string, options: ConvertOptions) => act(options.json, (session) => convert(options, session)));
};

async function convert(options: ConvertOptions, session: Session): Promise<ExitCode> {
  const { io, signal } = session;
  const { convertAliCcp } = await import('../../../lib/convert/ali-ccp/convert.ts');
  const { openDatabase, withCleanup } = await import('../../../lib/table/database.ts');
  const { withScratch } = await import('../../scratch.ts');
  const { conversionJson, formatConversion } = await import('../../convert/conversion-text.ts');
  const out = pathIn(io, options.out).replace(/\/+$/, '');
  if (existsSync(out)) throw new UsageError(`--out: got ${options.out}, which exists, expected a new folder`);
  const bar = progressBar(io.stderr);
  const onProgress = ({ file, bytes, totalBytes }: ConversionProgress) => {
    if (totalBytes >= MIB)
      bar.update({ label: basename(file), done: bytes / MIB, total: totalBytes / MIB, unit: 'MiB' });
  };
  const conversion = await withScratch(io, async (scratch) => {
    const database = await openDatabase({ threads: options.threads, memoryLimitMiB: options.memory, scratch });
    const asked = { ...options, data: pathIn(io, options.data), out };
    return withCleanup(
      () => convertAliCcp(asked, { database, signal, onProgress }),
      () => database.close(),
    );
  }).finally(() => bar.stop());
  printResult(io, options.json, conversionJson(conversion), formatConversion(conversion, options.out));
  return EXIT_CODES.success;
}

function format(text: string): string {
  if (!FORMATS.includes(text)) throw new InvalidArgumentError(`expected one of ${FORMATS.join(', ')}`);
  return text;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1))
    throw new InvalidArgumentError('expected a number from 0 to below 1');
  return value;
}
