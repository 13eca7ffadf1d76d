/** Settings of the training that suit the size of a log; those of the declaration suit millions of rows. */
import { countOf } from '../../numbers/text.ts';
import type { SectionDraft, StageDraft } from '../draft.ts';

/** Rows up to which a log is small, and the batch and the epochs that give its training enough steps. */
const SIZES = [
  { rows: 20_000, batch: 64, epochs: 20 },
  { rows: 200_000, batch: 512, epochs: 20 },
  { rows: 1_000_000, batch: 2048, epochs: 10 },
] as const;
/** Positives of the rarest label up to which a large network would learn them by heart. */
const FEW_POSITIVES = 2000;

/** Returns the sections `model` and `training` that a log needs beside their defaults; `null` for the defaults. */
export function guessTraining(
  rows: number,
  stages: readonly StageDraft[],
): { readonly model: SectionDraft | null; readonly training: SectionDraft | null } {
  const size = SIZES.find((one) => rows <= one.rows);
  const fewest = Math.min(...stages.map(({ ones }) => ones));
  const isRare = fewest <= FEW_POSITIVES;
  const settings = [
    ...(size === undefined ? [] : [`batch_size: ${size.batch}`, `epochs: ${size.epochs}`]),
    ...(isRare ? ['l2_embeddings: 0.01'] : []),
  ];
  const rarest = stages.find(({ ones }) => ones === fewest)?.name ?? '';
  const why = [
    ...(size === undefined ? [] : [`${countOf(rows, 'row')} need small batches for enough steps`]),
    ...(isRare ? [`${countOf(fewest, 'row')} of ${rarest} need embeddings that are held back`] : []),
  ];
  return {
    model: isRare
      ? { text: '{ hidden_units: [32] }', why: `${countOf(fewest, 'row')} of ${rarest} teach no large network` }
      : null,
    training: settings.length === 0 ? null : { text: `{ ${settings.join(', ')} }`, why: why.join(', ') },
  };
}
