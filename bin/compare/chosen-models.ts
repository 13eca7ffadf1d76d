/** The models that take part in a comparison, by the names of `--models` and `--against`. */
import type { Competitor } from '../../lib/compare/competitor.ts';
import { type ComparedFile, familyOf, type LeftOut } from '../../lib/compare/family.ts';
import { GBDT, gbdtCompetitor } from '../../lib/compare/gbdt/gbdt.ts';
import { NoLightGbmError } from '../../lib/compare/gbdt/python.ts';
import { HIERARCHICAL, hierarchicalCompetitor } from '../../lib/compare/hierarchical/hierarchical.ts';
import { assertHierarchies, type Hierarchy, HierarchyError } from '../../lib/compare/hierarchical/hierarchies.ts';
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
  /** The hierarchies of `hierarchical`, which takes part where there are any. */
  readonly hierarchies?: readonly Hierarchy[];
}

/** Names of the models that are none of the family. */
const OTHERS = [GBDT, HIERARCHICAL] as const;

/**
 * Returns the models, that of `--against` among them, and those that are left out of `all`.
 * @throws {UsageError} where one that is asked for by name cannot take part.
 */
export async function chosenModels(
  file: ComparedFile,
  names: ModelNames,
  { cwd, env }: Pick<Io, 'cwd' | 'env'>,
): Promise<{ readonly competitors: readonly Competitor[]; readonly leftOut: readonly LeftOut[] }> {
  const { against, python, hierarchies } = names;
  const models = hierarchies === undefined ? names.models : [...names.models, HIERARCHICAL];
  if (against === 'all') throw new UsageError('--against: got all, expected the name of one model');
  const ofFamily = (all: readonly string[]) => all.filter((name) => !OTHERS.some((other) => other === name));
  const [reference] = asOption('--against', () => familyOf(file, ofFamily([against])).competitors);
  const { competitors, leftOut } = asOption('--models', () => familyOf(file, ofFamily(models)));
  const { seed } = file.declaration.training;
  const others = [
    await otherModel(GBDT, { models, against }, python !== undefined, () =>
      treesOrWhy({ python: python ?? 'python3', cwd, env }, seed),
    ),
    await otherModel(HIERARCHICAL, { models, against }, hierarchies !== undefined, () =>
      hierarchies === undefined
        ? { name: HIERARCHICAL, why: 'got no hierarchies, expected --hierarchies category/brand/item_id or the like' }
        : asOption('--hierarchies', () => hierarchical(file, hierarchies)),
    ),
  ].flat();
  const isAmong = competitors.some(({ name }) => name === reference?.name);
  return {
    competitors: [
      ...(reference && !isAmong ? [reference] : []),
      ...competitors,
      ...others.flatMap((other) => ('why' in other ? [] : [other])),
    ],
    leftOut: [...leftOut, ...others.flatMap((other) => ('why' in other ? [other] : []))],
  };
}

/**
 * Returns a model that is none of the family, or why it is left out of `all`; nothing where it is not asked for.
 * @param isMeant whether an option of its own is given.
 * @throws {UsageError} where it is asked for by name, or meant, and cannot take part.
 */
async function otherModel(
  name: string,
  { models, against }: Pick<ModelNames, 'models' | 'against'>,
  isMeant: boolean,
  find: () => Promise<Competitor | LeftOut> | Competitor | LeftOut,
): Promise<readonly (Competitor | LeftOut)[]> {
  const isNamed = models.includes(name) || against === name;
  if (!isNamed && !models.includes('all')) return [];
  const found = await find();
  if ('why' in found && (isNamed || isMeant)) throw new UsageError(`${name}: ${found.why}`);
  return [found];
}

function hierarchical({ declaration }: ComparedFile, hierarchies: readonly Hierarchy[]): Competitor {
  assertHierarchies(hierarchies, declaration);
  return hierarchicalCompetitor(hierarchies, declaration.training.seed);
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

/** Names the option in what is thrown for a name that is no model's, or of no feature. */
function asOption<T>(option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UnknownModelError || error instanceof HierarchyError
      ? new UsageError(`${option}: ${error.message}`)
      : error;
  }
}
