import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import type { DefineCommand } from '../../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../../terminal/declaration.ts';
import type { Session } from '../../terminal/exit.ts';
import { printResult } from '../../terminal/io.ts';
import { dataOption, jsonOption, memoryOption, threadsOption } from '../../terminal/options.ts';
import type { Project } from '../../training/read-project.ts';

interface RenderOptions extends DeclarationOption {
  readonly data?: readonly string[];
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace render`: the declaration with every default filled in, and what each feature becomes. */
export const defineRender: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption().makeOptionMandatory(false))
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      ['entirespace render', 'entirespace render shop.yaml --data logs/ > whole.yaml'],
      'What is printed is a declaration of the same meaning. With --data the sizes are those of the log.',
    )
    .action((argument: string | undefined, options: RenderOptions) =>
      act(options.json, (session) => render(chosenDeclaration(session.io, argument, options), options, session)),
    );
};

async function render(path: string, options: RenderOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  const { readProject } = await import('../../training/read-project.ts');
  const { renderDeclaration } = await import('../../../lib/config/render/render-declaration.ts');
  const { featureSizes } = await import('../../../lib/training/feature-sizes.ts');
  const { formatSizes, sizesJson } = await import('../../render/sizes-text.ts');
  const project = await readProject(io, path);
  const { declaration, modelFile } = project;
  const encoder = options.data === undefined ? null : await fittedEncoder(project, options.data, options, session);
  const sizes = featureSizes(declaration, modelFile?.networkOf ?? null, encoder);
  const text = renderDeclaration(declaration);
  printResult(io, options.json, { text, declaration, ...sizesJson(sizes) }, `${text}\n${formatSizes(sizes)}`);
  return EXIT_CODES.success;
}

/** Fits the encoder of a declaration to the training rows of a log. */
async function fittedEncoder(
  { declaration }: Project,
  dataPath: readonly string[],
  { threads, memory }: RenderOptions,
  { io, signal }: Session,
): Promise<Pick<Encoder, 'inputs' | 'tables'>> {
  const { withLog } = await import('../../../lib/table/open-log.ts');
  const { fitEncoder } = await import('../../../lib/table/fit/fit-encoder.ts');
  const { withScratch } = await import('../../scratch.ts');
  const { progressBar } = await import('../../terminal/progress-bar.ts');
  const { progressOn } = await import('../../training/show-progress.ts');
  const bar = progressBar(io.stderr);
  const onProgress = progressOn(bar);
  return withScratch(io, (scratch) => {
    const limits = { scratch, threads, memoryLimitMiB: memory };
    return withLog({ declaration, dataPath, cwd: io.cwd, ...limits, signal, onProgress }, async ({ database, log }) => {
      const { encoder } = await fitEncoder(database, log, onProgress);
      return { inputs: encoder.inputs, tables: encoder.tables };
    });
  }).finally(() => bar.stop());
}
