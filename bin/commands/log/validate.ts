import { EXIT_CODES } from '../../../lib/contract/exit-codes.ts';
import type { DefineCommand } from '../../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../../terminal/declaration.ts';
import { printResult } from '../../terminal/io.ts';
import {
  dataOption,
  jsonOption,
  memoryOption,
  rejectsOption,
  rejectsPath,
  threadsOption,
} from '../../terminal/options.ts';

interface ValidateOptions extends DeclarationOption {
  readonly data?: readonly string[];
  readonly rejects: string;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace validate`: checks the declaration, and a log against it, without training. */
export const defineValidate: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption().makeOptionMandatory(false))
    .addOption(rejectsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(['entirespace validate', 'entirespace validate shop.yaml --data logs/ --rejects bad.parquet'])
    .action((argument: string | undefined, options: ValidateOptions) =>
      act(options.json, async (session) => {
        const path = chosenDeclaration(session.io, argument, options);
        const { readProject } = await import('../../training/read-project.ts');
        const { inspectLog } = await import('../../training/inspect-log.ts');
        const { formatLogReport } = await import('../../terminal/log-text.ts');
        const { formatModelFile } = await import('../../terminal/model-file-text.ts');
        const project = await readProject(session.io, path);
        const { declaration, modelFile } = project;
        const rejects = rejectsPath(session.io, options);
        const log =
          options.data === undefined ? null : await inspectLog(project, options.data, { ...options, rejects }, session);
        const { stages, features, embeddings } = declaration;
        const counts = `${stages.length} stages, ${features.length} features, ${embeddings.length} embedding tables`;
        const lines = [
          `${path} is valid: ${counts}`,
          ...(modelFile === null ? [] : [formatModelFile(modelFile)]),
          ...(log === null ? [] : [formatLogReport(log)]),
        ];
        const model = modelFile && { sha256: modelFile.bundle.sha256, parameters: modelFile.parameters };
        printResult(session.io, options.json, { declaration, ...(model && { model }), log }, lines.join('\n'));
        return EXIT_CODES.success;
      }),
    );
};
