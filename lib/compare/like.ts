/** The declaration of the model that a comparison found. */
import { type ComparedFile, declarationDigest, modelText } from './family.ts';
import { type Comparison, ComparisonFileError } from './result/comparison-file.ts';

/**
 * Returns the text of a declaration with the model and the settings that a comparison found; `name` is that of the
 * comparison's file, for messages.
 * @throws {ComparisonFileError} where the comparison is of another declaration.
 */
export function likeComparison(
  file: Pick<ComparedFile, 'text' | 'declaration' | 'fileName' | 'modelSha256'>,
  { identity, winner }: Pick<Comparison, 'identity' | 'winner'>,
  name: string,
): string {
  if (identity.declarationSha256 !== declarationDigest(file))
    throw new ComparisonFileError(
      `${name} is of another declaration than ${file.fileName}, or it has changed since: compare its models again`,
    );
  return modelText(file, winner.name, winner.settings);
}
