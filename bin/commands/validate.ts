import { Command } from 'commander';
import type { Declaration } from '../../lib/config/declaration.ts';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { openSource } from '../../lib/table/source.ts';
import { type LogReport, validateLog } from '../../lib/table/validate.ts';
import { EXIT_CODES, runCommand } from '../exit.ts';
import { dataOption, declarationOption, jsonOption, memoryOption, threadsOption } from '../options.ts';
import { formatLogReport } from '../report-text.ts';
import { withScratch } from '../scratch.ts';

interface ValidateOptions {
  readonly declaration: string;
  readonly data?: string;
  readonly rejects?: string;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace validate`: the declaration, and a log against it, without training. */
export function validateCommand(): Command {
  return new Command('validate')
    .description('check a declaration, and a log against it, without training')
    .addOption(declarationOption())
    .addOption(dataOption().makeOptionMandatory(false))
    .option('--rejects <file>', 'write the bad rows there, as Parquet')
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ entirespace validate\n  $ entirespace validate --data logs/ --rejects bad.parquet',
    )
    .action((options: ValidateOptions) => runCommand(() => validate(options), options.json));
}

async function validate(options: ValidateOptions) {
  const { declaration } = await readDeclaration(options.declaration);
  const report = options.data === undefined ? null : await inspectLog(declaration, options.data, options);
  if (options.json) process.stdout.write(`${JSON.stringify({ declaration, log: report })}\n`);
  else {
    const { stages, features, embeddings } = declaration;
    const counts = `${stages.length} stages, ${features.length} features, ${embeddings.length} embedding tables`;
    process.stdout.write(`${options.declaration} is valid: ${counts}\n`);
    if (report !== null) process.stdout.write(`${formatLogReport(report)}\n`);
  }
  return EXIT_CODES.success;
}

/** Checks a log against a declaration. */
export function inspectLog(
  declaration: Declaration,
  path: string,
  { threads, memory, rejects }: Pick<ValidateOptions, 'threads' | 'memory' | 'rejects'>,
): Promise<LogReport> {
  return withScratch(async (scratch) => {
    const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
    try {
      const source = await openSource(database, path);
      return await validateLog(database, source, declaration, rejects === undefined ? {} : { rejectsPath: rejects });
    } finally {
      await database.close();
    }
  });
}
