import { join } from 'node:path';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { countOf } from '../../lib/numbers/text.ts';
import type { EndpointOptions } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../terminal/declaration.ts';
import type { Session } from '../terminal/exit.ts';
import { pathIn, printError, printResult } from '../terminal/io.ts';
import {
  dataOption,
  endpointOption,
  jsonOption,
  memoryOption,
  processesOption,
  rejectsOption,
  rejectsPath,
  threadsOption,
} from '../terminal/options.ts';

interface ExportOptions extends DeclarationOption, EndpointOptions {
  readonly data: readonly string[];
  readonly out: string;
  readonly rejects: string;
  readonly threads: number;
  readonly memory: number;
  readonly processes?: number;
  readonly json: boolean;
}

/** `entirespace export-training`: from a log to a training bundle. */
export const defineExportTraining: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption())
    .requiredOption('-o, --out <folder>', 'a new folder for the bundle, or s3://bucket/folder')
    .addOption(endpointOption())
    .addOption(rejectsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(processesOption())
    .addOption(jsonOption())
    .examples([
      'entirespace export-training --data logs/ --out bundle',
      'entirespace export-training --data logs/ --out s3://shop/bundles/november',
      'python training/torch/train.py bundle trained',
      'entirespace train --data logs/ --weights trained',
    ])
    .action((argument: string | undefined, options: ExportOptions) =>
      act(options.json, (session) =>
        exportTraining(chosenDeclaration(session.io, argument, options), options, session),
      ),
    );
};

async function exportTraining(path: string, options: ExportOptions, session: Session): Promise<ExitCode> {
  const { io, signal } = session;
  const { writeBundle } = await import('../../lib/bundle/write-bundle.ts');
  const { withLog } = await import('../../lib/table/open-log.ts');
  const { remotePlace, requireEmpty } = await import('../training/remote-place.ts');
  const { BUNDLE, sendFolder } = await import('../../lib/bundle/remote-folder.ts');
  const { readProject } = await import('../training/read-project.ts');
  const { progressOn, trainingLines } = await import('../training/show-progress.ts');
  const { withScratch } = await import('../scratch.ts');
  const { progressBar } = await import('../terminal/progress-bar.ts');
  const { formatLogSummary } = await import('../terminal/log-text.ts');
  const { declaration, text, modelFile } = await readProject(io, path);
  const { threads, memory } = options;
  const place = remotePlace('--out', options.out, options);
  if (place !== null) await requireEmpty(place);
  const bar = progressBar(io.stderr);
  const onProgress = progressOn(bar);
  const rejects = rejectsPath(io, options);
  const bundle = await withScratch(io, (scratch) =>
    withLog(
      {
        declaration,
        dataPath: options.data,
        cwd: io.cwd,
        scratch,
        threads,
        memoryLimitMiB: memory,
        ...(rejects === undefined ? {} : { rejectsPath: rejects }),
        signal,
        onProgress,
      },
      async (opened) => {
        const folder = place === null ? pathIn(io, options.out) : join(scratch, 'bundle');
        const written = await writeBundle(opened, {
          declarationText: text,
          modelFile,
          scratch,
          threads,
          memoryLimitMiB: memory,
          processes: options.processes,
          folder,
          signal,
          onSummary: (summary) => printError(io, formatLogSummary(summary)),
          onProgress,
          ...trainingLines(bar, io, declaration.training),
        });
        if (place !== null) await sendFolder(BUNDLE, folder, place, { description: written, signal });
        return written;
      },
    ),
  ).finally(() => bar.stop());
  const { train, validation, networks } = bundle;
  printResult(
    io,
    options.json,
    { folder: options.out, train: train.rows, validation: validation.rows, networks: networks.map(({ name }) => name) },
    `${options.out}: ${countOf(train.rows, 'training row')}, ${countOf(validation.rows, 'validation row')}, ${countOf(networks.length, 'network')}`,
  );
  return EXIT_CODES.success;
}
