/** The declaration of the model that a comparison found. */
import { type ComparedFile, declarationDigest, modelText } from './family.ts';
import { type Comparison, ComparisonFileError } from './result/comparison-file.ts';

/**
 * Returns the text of a declaration with the model and the settings that a comparison found; `name` is that of the
 * comparison's file, for messages.
 * @throws {ComparisonFileError} where the comparison is of another declaration, or found no model that can be trained.
 */
export function likeComparison(
  file: Pick<ComparedFile, 'text' | 'declaration' | 'fileName' | 'modelSha256'>,
  { identity, winner, models }: Pick<Comparison, 'identity' | 'winner' | 'models'>,
  name: string,
): string {
  if (identity.declarationSha256 !== declarationDigest(file))
    throw new ComparisonFileError(
      `${name} is of another declaration than ${file.fileName}, or it has changed since: compare its models again`,
    );
  if (models.some((model) => model.name === winner.name && model.isForComparisonOnly))
    throw new ComparisonFileError(
      `${name} found no model to train: none is shown to be better than ${winner.name}, which is for comparison only (compare --against another)`,
    );
  return modelText(file, winner.name, winner.settings);
}
