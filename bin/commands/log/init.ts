import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Argument, InvalidArgumentError, Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import type { Choices } from '../../../lib/init/draft.ts';
import type { DefineCommand } from '../../define-command.ts';
import { RepeatableOption } from '../../terminal/command-line.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { pathIn, printError, printResult } from '../../terminal/io.ts';
import { jsonOption, memoryOption, threadsOption } from '../../terminal/options.ts';

interface InitOptions {
  readonly label?: readonly string[];
  readonly key?: readonly string[];
  readonly time?: string;
  readonly group?: string;
  readonly name?: string;
  readonly out: string;
  readonly yes: boolean;
  readonly force: boolean;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace init`: a first declaration of a log, from the log itself. */
export const defineInit: DefineCommand = (command, act) => {
  command
    .addArgument(new Argument('<log>', 'a file, folder or glob of Parquet or CSV'))
    .addOption(
      new RepeatableOption('--label <stage=column>', 'a 0/1 column and its stage: click=visited, conversion=bought'),
    )
    .addOption(new RepeatableOption('--key <column>', 'a column that identifies a row, with others or by itself'))
    .option('--time <column>', 'column with the time of the row')
    .option('--group <column>', 'column whose equal values belong together, such as the user')
    .addOption(new Option('--name <name>', 'name of the model (default: after the log)').argParser(modelName))
    .option('--out <file>', 'the file that is written', 'entirespace.yaml')
    .option('-y, --yes', 'ask nothing: every guess is taken', false)
    .option('--force', 'overwrite the file', false)
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      [
        'entirespace init logs/',
        'entirespace init orders.csv --label click=visited --label conversion=bought --time shown_at',
      ],
      'The file trains as it is. Each guess that it makes has its reason beside it, as a comment.',
    )
    .action((log: string, options: InitOptions) => act(options.json, (session) => init(log, options, session)));
};

async function init(log: string, options: InitOptions, session: Session): Promise<ExitCode> {
  const { io, signal } = session;
  const { out, threads, memory, yes, force, json } = options;
  const asked = choicesOf(options);
  const path = pathIn(io, out);
  if (!force && existsSync(path)) throw new UsageError(`--out: ${out} exists, expected a new file, or --force`);
  const { openDatabase } = await import('../../../lib/table/database.ts');
  const { openSource } = await import('../../../lib/table/source/source.ts');
  const { doubtsOf, draftLog } = await import('../../../lib/init/init-log.ts');
  const { InitError } = await import('../../../lib/init/choices.ts');
  const { measureLog } = await import('../../../lib/init/measure-log.ts');
  const { renderDraft } = await import('../../../lib/init/render-draft.ts');
  const { withScratch } = await import('../../scratch.ts');
  const { progressBar } = await import('../../terminal/progress-bar.ts');
  const { progressOn } = await import('../../training/show-progress.ts');
  const { ask, isTerminal } = await import('../../init/questions.ts');
  const { doubtText, formatDraft } = await import('../../init/init-text.ts');
  const bar = progressBar(io.stderr);
  const onProgress = progressOn(bar);
  try {
    const draft = await withScratch(io, async (scratch) => {
      const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch, isWatched: true });
      try {
        const source = await openSource(database, log, { cwd: io.cwd, onProgress }).finally(() => bar.stop());
        for (const note of json ? [] : source.notes) printError(io, `note: ${note}`);
        signal.throwIfAborted();
        const measured = await measureLog(database, source);
        signal.throwIfAborted();
        const doubts = doubtsOf(measured, asked);
        const asks = !yes && !json && isTerminal(session) && doubts.length > 0;
        if (!asks && !json) for (const doubt of doubts) printError(io, `note: ${doubtText(doubt)}`);
        const choices = asks ? await ask(doubts, asked, session) : asked;
        return await draftLog(database, source, measured, choices);
      } finally {
        await database.close();
      }
    });
    signal.throwIfAborted();
    await writeWhole(path, renderDraft(draft), force);
    const declaration = out === 'entirespace.yaml' ? '' : ` ${out}`;
    printResult(
      io,
      json,
      { path: out, ...draft },
      formatDraft(draft, out, `entirespace train${declaration} --data ${log}`),
    );
    return EXIT_CODES.success;
  } catch (error) {
    throw error instanceof InitError ? new UsageError(error.message) : error;
  }
}

/** Writes a file at once or not at all; without `overwrites`, one that somebody made meanwhile stays. */
async function writeWhole(path: string, text: string, overwrites: boolean): Promise<void> {
  if (!overwrites) return writeFile(path, text, { flag: 'wx' });
  const beside = `${path}.part`;
  try {
    await writeFile(beside, text);
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

function choicesOf({ label = [], key = [], time, group, name }: InitOptions): Choices {
  const labels = label.map((text) => {
    const [, stage, column] = /^([a-z][a-z0-9_]*)=(.+)$/s.exec(text) ?? [];
    if (stage === undefined || column === undefined)
      throw new UsageError(`--label: got ${text}, expected a stage and a column, such as click=${text}`);
    return [stage, column] as const;
  });
  const repeated = labels.find(([stage], i) => labels.findIndex(([other]) => other === stage) < i);
  if (repeated !== undefined) throw new UsageError(`--label: got ${repeated[0]} twice, expected once`);
  return { labels: new Map(labels), keys: key, time: time ?? null, group: group ?? null, name: name ?? null };
}

function modelName(text: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(text)) throw new InvalidArgumentError('expected a name of a-z, 0-9 and -');
  return text;
}
