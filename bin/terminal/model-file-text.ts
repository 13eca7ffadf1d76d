import { count, countOf } from '../../lib/numbers/text.ts';
import type { ModelFile } from '../../lib/own-model/model-file.ts';

/** Writes a model file as text: its digest, and its parameters with their shapes, a line each. */
export function formatModelFile({ file, bundle, parameters }: ModelFile): string {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const weights = parameters.reduce((sum, { shape }) => sum + size(shape), 0);
  return [
    `model ${file}: sha256 ${bundle.sha256}`,
    `${countOf(parameters.length, 'parameter')} of ${count(weights)} weights besides the embeddings:`,
    ...parameters.map(({ name, shape }) => `  ${name} [${shape.join(', ')}]`),
  ].join('\n');
}
