/** The models that take part in a comparison, by the names of `--models` and `--against`. */
import type { Competitor } from '../../lib/compare/competitor.ts';
import { type ComparedFile, familyOf, type LeftOut } from '../../lib/compare/family.ts';
import { GBDT, gbdtCompetitor } from '../../lib/compare/gbdt/gbdt.ts';
import { NoLightGbmError } from '../../lib/compare/gbdt/python.ts';
import { UnknownModelError } from '../../lib/compare/model-name.ts';
import { UsageError } from '../terminal/exit.ts';
import type { Io } from '../terminal/io.ts';

/** The options that name models. */
export interface ModelNames {
  /** Names of models, `all` among them. */
  readonly models: readonly string[];
  readonly against: string;
  /** The Python of `gbdt`. @default one that need not have LightGBM, if `gbdt` is not asked for by name */
  readonly python?: string;
}

/**
 * Returns the models, that of `--against` among them, and those that are left out of `all`.
 * @throws {UsageError} where one that is asked for by name cannot take part.
 */
export async function chosenModels(
  file: ComparedFile,
  { models, against, python }: ModelNames,
  { cwd, env }: Pick<Io, 'cwd' | 'env'>,
): Promise<{ readonly competitors: readonly Competitor[]; readonly leftOut: readonly LeftOut[] }> {
  if (against === 'all') throw new UsageError('--against: got all, expected the name of one model');
  const named = (names: readonly string[]) => names.filter((name) => name !== GBDT);
  const [reference] = asOption('--against', () => familyOf(file, named([against])).competitors);
  const { competitors, leftOut } = asOption('--models', () => familyOf(file, named(models)));
  const isWanted = models.includes('all') || models.includes(GBDT) || against === GBDT;
  const gbdt = isWanted
    ? await treesOrWhy({ python: python ?? 'python3', cwd, env }, file.declaration.training.seed)
    : null;
  if (gbdt !== null && 'why' in gbdt && (python !== undefined || models.includes(GBDT) || against === GBDT))
    throw new UsageError(`${GBDT}: ${gbdt.why}`);
  const trees = gbdt === null || 'why' in gbdt ? [] : [gbdt];
  const isAmong = competitors.some(({ name }) => name === reference?.name);
  return {
    competitors: [...(reference && !isAmong ? [reference] : []), ...competitors, ...trees],
    leftOut: [...leftOut, ...(gbdt !== null && 'why' in gbdt ? [gbdt] : [])],
  };
}

/** Returns the trees, or why they are left out. */
async function treesOrWhy(python: Parameters<typeof gbdtCompetitor>[0], seed: number): Promise<Competitor | LeftOut> {
  try {
    return await gbdtCompetitor(python, seed);
  } catch (error) {
    if (error instanceof NoLightGbmError) return { name: GBDT, why: error.message };
    throw error;
  }
}

/** Names the option in what is thrown for a name that is no model's. */
function asOption<T>(option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UnknownModelError ? new UsageError(`${option}: ${error.message}`) : error;
  }
}
