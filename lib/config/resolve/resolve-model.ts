import type { CrossesChoice, ExpertsChoice, ModelChoice, ModelShape } from '../sections/model.ts';

const EXPERT_UNITS = [64];

/** Fills in the defaults of experts and cross layers, which depend on the kind of tower and of crosses. */
export function resolveModel(shape: ModelShape): ModelChoice {
  const {
    tower,
    experts,
    ownExperts,
    expertUnits,
    expertLevels,
    crosses,
    crossLayers,
    crossRank,
    wide = [],
    ...others
  } = shape;
  return { ...others, experts: expertsOf(shape), crosses: crossesOf(shape), wide };
}

function expertsOf({
  tower,
  experts,
  ownExperts,
  expertUnits = EXPERT_UNITS,
  expertLevels,
}: ModelShape): ExpertsChoice | null {
  if (tower === 'mlp') return null;
  if (tower === 'mmoe') return { shared: experts ?? 4, own: 0, units: expertUnits, levels: 1 };
  return { shared: experts ?? 2, own: ownExperts ?? 2, units: expertUnits, levels: expertLevels ?? 2 };
}

function crossesOf({ crosses, crossLayers, crossRank }: ModelShape): CrossesChoice | null {
  return crosses === 'none' ? null : { layers: crossLayers ?? 2, rank: crossRank ?? null };
}
