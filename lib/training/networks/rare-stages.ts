/** Stages so rare that the embeddings which they share with others hardly learn of them. */
import type { Model } from '../../model/model.ts';
import type { StageRates } from '../weights/initial-weights.ts';

/** A stage whose weighted loss is a smaller part than this of the largest one is told. */
const SMALLEST_PART = 1 / 20;

/**
 * Returns a sentence for each labelled stage whose loss is small beside that of another which trains the same embeddings.
 * A stage's loss is taken to be its weight times the entropy of its rate, as before the first step.
 */
export function rareStageNotes({ graph, network }: Model, rates: StageRates): string[] {
  if (network.tables !== 'shared') return [];
  const stages = graph.labelled.map(({ name, weight }) => ({
    name,
    weight,
    loss: weight * entropyOf(rates[name] ?? 0),
  }));
  const [largest] = stages.toSorted((a, b) => b.loss - a.loss);
  if (largest === undefined) return [];
  return stages
    .filter(({ loss }) => loss > 0 && loss < SMALLEST_PART * largest.loss)
    .map(({ name, weight, loss }) => {
      const ratio = largest.loss / loss;
      const [from, to] = [weight * Math.sqrt(ratio), weight * ratio].map((value) => Number(value.toPrecision(2)));
      return `the loss of ${name} is 1/${Math.round(ratio)} of that of ${largest.name}, so that the embeddings which they share are trained for ${largest.name}: try stages.${name}.weight from ${from} to ${to} (it is ${weight})`;
    });
}

/** Entropy of a rate, in nats: the cross-entropy of the best constant. */
function entropyOf(rate: number): number {
  if (rate <= 0 || rate >= 1) return 0;
  return -rate * Math.log(rate) - (1 - rate) * Math.log1p(-rate);
}
