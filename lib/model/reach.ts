/**
 * Probabilities of the stage graph, in logits.
 *
 * Everything is a logit: an edge's comes from its tower, and the logit of *reaching* a stage is put together from
 * them. With L that logit, log P(reached) = -softplus(-L) and log P(not reached) = -softplus(L), so that neither is
 * ever the other's difference from 1: exact at logits of +-80, with no epsilon and no clipping. The gradients are sums
 * of products of one sign, without cancellation (1 - p in float32 loses a rate of 2e-4 to rounding; its logarithm is
 * -inf or NaN long before logits of 80).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from './network.ts';
import { leadsTo, logitCount, type StageGraph, type Tower, towerToward } from './stage-graph.ts';

/** The probability 1 of reaching a stage from itself: a logit of +infinity, kept out of the arithmetic. */
const CERTAIN = 'certain';
type Reach = tf.Tensor | typeof CERTAIN;

/**
 * Returns the logit [batch, 1] of reaching `to` for a row that has reached `from`, over all paths.
 *
 * @param logits [batch, logits of the tower] by tower name
 * @throws {RangeError} where `to` is `from`, or cannot be reached from it, or a tower's logits are missing.
 */
export function reachLogit(graph: StageGraph, logits: Tensors, from: string, to: string): tf.Tensor {
  const reach = reachFrom(graph, logits, from, to);
  if (reach === CERTAIN) throw new RangeError(`reaching ${to} from itself has no logit`);
  return reach;
}

/**
 * Returns the probability of a logit. Its relative error is small down to the smallest float, unlike ONNX `Sigmoid`'s,
 * and so is that of its gradient.
 */
export function probability(logit: tf.Tensor): tf.Tensor {
  return tf.exp(tf.neg(tf.softplus(tf.neg(logit))));
}

/**
 * Returns the probability [batch, 1] of reaching `to` for a row that has reached `from`: the product of the edges'
 * probabilities where one way leads there. It is as exact as that of `reachLogit`, in fewer operations; its gradient is not.
 *
 * @throws {RangeError} as `reachLogit`.
 */
export function reachProbability(graph: StageGraph, logits: Tensors, from: string, to: string): tf.Tensor {
  const tower = towerToward(graph, from, to);
  const logit = tower && logits[tower.name];
  if (tower === undefined || logit === undefined || tower.complement !== null || logitCount(tower) > 1)
    return expit(reachLogit(graph, logits, from, to));
  const next = tower.to[0] as string;
  const edge = expit(logit);
  return next === to ? edge : tf.mul(edge, reachProbability(graph, logits, next, to));
}

/** Returns the probability of a logit, 1 / (1 + e^-x), as exact as `probability`, but without an exact gradient. */
export function expit(logit: tf.Tensor): tf.Tensor {
  return tf.reciprocal(tf.add(tf.exp(tf.neg(logit)), 1));
}

/** Returns the cross-entropy of 0/1 labels with the probabilities of logits, element by element. */
export function crossEntropy(label: tf.Tensor, logit: tf.Tensor): tf.Tensor {
  const missed = tf.mul(label, tf.softplus(tf.neg(logit)));
  return tf.add(missed, tf.mul(tf.sub(1, label), tf.softplus(logit)));
}

/**
 * Returns the logit of the product p q of the probabilities of two logits: 1 / (p q) - 1 = e^-a + e^-b (1 + e^-a),
 * hence -logaddexp(-a, softplus(-a) - b).
 */
export function bothLogit(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const notFirst = tf.neg(a);
  return tf.neg(logAddExp(notFirst, tf.sub(tf.softplus(notFirst), b)));
}

/** Returns log(e^a + e^b). Its gradient is the share of each term in the sum. */
export function logAddExp(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const shareOf = tf.customGrad((...args) => {
    const [x, y] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const save = args[2] as tf.GradSaveFunc;
    save([x, y]);
    return {
      value: tf.add(tf.maximum(x, y), tf.softplus(tf.neg(tf.abs(tf.sub(x, y))))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const difference = tf.sub(saved[0] as tf.Tensor, saved[1] as tf.Tensor);
        return [tf.mul(dy, tf.sigmoid(difference)), tf.mul(dy, tf.sigmoid(tf.neg(difference)))];
      },
    };
  });
  return shareOf(a, b);
}

/**
 * Returns the logit of reaching a stage by one of two exclusive branches: `choice` is the logit of taking the first
 * branch, `first` and `second` are the logits of reaching the stage on each. Their probabilities are s, p and q, and
 * P = s p + (1 - s) q.
 *
 * The gradient by `choice` is the difference of two posteriors, u = P(first | reached) and v = P(first | not reached);
 * sigma(x) - sigma(y) is taken as tanh((x - y) / 2) (sigma(x) sigma(-y) + sigma(-x) sigma(y)), where x - y is just
 * first - second, so that it stays exact where both are almost equal.
 */
export function eitherLogit(choice: tf.Tensor, first: tf.Tensor, second: tf.Tensor): tf.Tensor {
  const mixture = tf.customGrad((...args) => {
    const [s, p, q] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as tf.GradSaveFunc;
    save([s, p, q]);
    const reached = logAddExp(tf.add(logSigmoid(s), logSigmoid(p)), tf.add(logSigmoid(tf.neg(s)), logSigmoid(q)));
    const missed = logAddExp(
      tf.add(logSigmoid(s), logSigmoid(tf.neg(p))),
      tf.add(logSigmoid(tf.neg(s)), logSigmoid(tf.neg(q))),
    );
    return { value: tf.sub(reached, missed), gradFunc: mixtureGradient };
  });
  return mixture(choice, first, second);
}

function mixtureGradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [s, p, q] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
  const x = tf.add(s, tf.sub(logSigmoid(p), logSigmoid(q)));
  const y = tf.add(s, tf.sub(logSigmoid(tf.neg(p)), logSigmoid(tf.neg(q))));
  const [u, notU, v, notV] = [tf.sigmoid(x), tf.sigmoid(tf.neg(x)), tf.sigmoid(y), tf.sigmoid(tf.neg(y))];
  const toward = tf.tanh(tf.mul(tf.sub(p, q), 0.5));
  return [
    tf.mul(dy, tf.mul(toward, tf.add(tf.mul(u, notV), tf.mul(notU, v)))),
    tf.mul(dy, tf.add(tf.mul(u, tf.sigmoid(tf.neg(p))), tf.mul(v, tf.sigmoid(p)))),
    tf.mul(dy, tf.add(tf.mul(notU, tf.sigmoid(tf.neg(q))), tf.mul(notV, tf.sigmoid(q)))),
  ];
}

/**
 * Returns log P(later | earlier) of the logits of reaching two stages, of which the later one is reached through the
 * earlier one. It is at most 0, whatever the rounding of the logits.
 */
export function logShare(earlier: tf.Tensor, later: tf.Tensor): tf.Tensor {
  // softplus(-x) = relu(-x) + softplus(-|x|): the difference of large terms is that of the logits, which is exact.
  const large = tf.sub(tf.relu(tf.neg(earlier)), tf.relu(tf.neg(later)));
  const small = (x: tf.Tensor) => tf.softplus(tf.neg(tf.abs(x)));
  return tf.minimum(tf.add(large, tf.sub(small(earlier), small(later))), 0);
}

/**
 * Returns the logit of a probability from its logarithm: log p - log(1 - p). With u = -log p, 1 - p is
 * 1 - e^-u = 2 t / (1 + t) where t = tanh(u / 2), so that it is not a difference from 1 for a small u.
 */
export function logitOfLog(logProbability: tf.Tensor): tf.Tensor {
  const t = tf.tanh(tf.mul(logProbability, -0.5));
  return tf.sub(logProbability, tf.log(tf.div(tf.mul(t, 2), tf.add(t, 1))));
}

function reachFrom(graph: StageGraph, logits: Tensors, from: string, to: string): Reach {
  if (from === to) return CERTAIN;
  const tower = towerToward(graph, from, to);
  if (tower === undefined) throw new RangeError(`${to} cannot be reached from ${from}`);
  const logit = logits[tower.name];
  if (logit === undefined) throw new RangeError(`no logits of tower ${tower.name}`);
  const next = (stage: string): Reach | null =>
    leadsTo(graph, stage, to) ? reachFrom(graph, logits, stage, to) : null;
  if (tower.complement !== null) return reachByComplement(tower, logit, next);
  return logitCount(tower) === 1 ? both(logit, next(tower.to[0] as string)) : reachBySoftmax(tower, logit, next);
}

function reachByComplement(tower: Tower, logit: tf.Tensor, next: (stage: string) => Reach | null): Reach {
  const member = tower.to.find((stage) => stage !== tower.complement) as string;
  const first = next(member);
  const second = next(tower.complement as string);
  if (second === null) return both(logit, first);
  if (first === null) return both(tf.neg(logit), second);
  if (first === CERTAIN && second === CERTAIN) return CERTAIN;
  // The first branch always reaches the stage, so it is missed only on the second branch.
  if (first === CERTAIN) return tf.neg(bothLogit(tf.neg(logit), tf.neg(second as tf.Tensor)));
  if (second === CERTAIN) return tf.neg(bothLogit(logit, tf.neg(first)));
  return eitherLogit(logit, first, second);
}

/**
 * The tower is a softmax over its stages and over leaving the funnel, which has logit 0: the odds of reaching are
 * sum e^a_i p_i over 1 + sum e^a_i (1 - p_i).
 */
function reachBySoftmax(tower: Tower, logit: tf.Tensor, next: (stage: string) => Reach | null): tf.Tensor {
  const members = tf.split(logit, tower.to.length, 1);
  const reached: tf.Tensor[] = [];
  const missed: tf.Tensor[] = [tf.zerosLike(members[0] as tf.Tensor)];
  tower.to.forEach((stage, i) => {
    const member = members[i] as tf.Tensor;
    const reach = next(stage);
    if (reach === null) missed.push(member);
    else if (reach === CERTAIN) reached.push(member);
    else {
      reached.push(tf.add(member, logSigmoid(reach)));
      missed.push(tf.add(member, logSigmoid(tf.neg(reach))));
    }
  });
  return tf.sub(reached.reduce(logAddExp), missed.reduce(logAddExp));
}

function both(logit: tf.Tensor, next: Reach | null): Reach {
  return next === CERTAIN || next === null ? logit : bothLogit(logit, next);
}

/** Returns the logarithm of the probability of a logit. */
export function logSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.neg(tf.softplus(tf.neg(x)));
}
