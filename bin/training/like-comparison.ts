import { likeComparison } from '../../lib/compare/like.ts';
import { OWN_MODEL } from '../../lib/compare/model-name.ts';
import { type Comparison, ComparisonFileError, readComparison } from '../../lib/compare/result/comparison-file.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { UsageError } from '../terminal/exit.ts';
import { type Io, pathIn } from '../terminal/io.ts';
import type { Project } from './read-project.ts';

/** A project with the model that a comparison found, and what to print of it. */
export interface LikeProject {
  readonly project: Project;
  readonly told: string;
}

/**
 * Returns a project with the model and the settings of the winner of a comparison.
 * @throws {UsageError} where the file is no comparison, or is of another declaration.
 */
export async function projectLike(
  io: Pick<Io, 'cwd'>,
  project: Project,
  { declaration: fileName, like }: { readonly declaration: string; readonly like: string },
): Promise<LikeProject> {
  try {
    const comparison = await readComparison(pathIn(io, like), like);
    const modelSha256 = project.modelFile?.bundle.sha256 ?? null;
    const text = likeComparison({ ...project, fileName, modelSha256 }, comparison, like);
    const { name, settings, isShown } = comparison.winner;
    const changed = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
    const why = isShown
      ? 'shown to be better than'
      : 'the model that all were compared with, as none is shown to be better than';
    return {
      project: {
        text,
        declaration: parseDeclaration(text, fileName),
        modelFile: name === OWN_MODEL ? project.modelFile : null,
      },
      told: `training ${[name, ...changed].join(', ')}: ${why} ${isShown ? comparison.options.against : 'it'} (${like})${aboveText(comparison)}`,
    };
  } catch (error) {
    throw error instanceof ComparisonFileError ? new UsageError(`--like: ${error.message}`) : error;
  }
}

/** What to say where the model that ranks first cannot be trained. */
function aboveText({ models: [first] }: Pick<Comparison, 'models'>): string {
  return first?.isForComparisonOnly ? `; ${first.name}, which ranks first, is for comparison only` : '';
}
