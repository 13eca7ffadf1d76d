/** The first matrix products of a network, which are linear in the columns of each input. */
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.ts';

/** A product of columns that are made of the inputs by a stored matrix. No other product of the network comes before it. */
export interface FirstProduct {
  /** Values [batch, some columns] which, side by side, are the left factor. */
  readonly operands: readonly string[];
  /** The right factor, [all columns, outputs]; `null` for the identity, where the columns themselves are needed. */
  readonly weight: OnnxTensor | null;
  /** What is added to the product, [outputs]; `null` for nothing. */
  readonly bias: OnnxTensor | null;
  /** Whether negative values of the sum are then set to 0. */
  readonly isRectified: boolean;
  /** Name of the result. */
  readonly result: string;
}

/**
 * Returns the first products of a model, if its outputs depend on its inputs through them alone; `null` for a model of
 * another form. Columns that are needed beside products, as cross layers need them, are products with the identity.
 * @param isBefore whether the products by a tensor are among what makes the columns, and not the first of the network
 */
export function firstProducts(
  model: OnnxModel,
  isBefore: (tensor: string) => boolean = () => false,
): FirstProduct[] | null {
  const { nodes, tensors, inputs } = model;
  if (nodes.some(({ hasGraph }) => hasGraph)) return null;
  const before = new Set(inputs.map(({ name }) => name));
  const producers = new Map<string, OnnxNode>();
  const after = new Set<string>();
  const found: OnnxNode[] = [];
  for (const node of nodes) {
    for (const name of node.outputs) producers.set(name, node);
    const [left = '', right = ''] = node.inputs;
    const isAfter = node.inputs.some((name) => after.has(name));
    const isFirst = !isAfter && node.op === 'MatMul' && before.has(left) && tensors.has(right) && !isBefore(right);
    if (isFirst) found.push(node);
    const side = isFirst || isAfter ? after : node.inputs.some((name) => before.has(name)) ? before : null;
    for (const name of node.outputs) side?.add(name);
  }
  const users = usersOf(nodes);
  const needed = nodes
    .filter(({ inputs: own }) => own.some((name) => after.has(name)))
    .flatMap(({ inputs: own }) => own.filter((name) => before.has(name)));
  const products = [
    ...found.map((node) => productOf(node, { producers, users, model })),
    ...[...new Set(needed)].map((name): FirstProduct => {
      return { operands: sideBySide(name, producers), weight: null, bias: null, isRectified: false, result: name };
    }),
  ];
  if (products.length === 0 || products.some((product) => product === null)) return null;
  const kept = products.filter((product) => product !== null);
  return dependsOnlyOn(model, new Set(kept.map(({ result }) => result))) ? kept : null;
}

/** Returns the nodes that use each value. */
function usersOf(nodes: readonly OnnxNode[]): ReadonlyMap<string, readonly OnnxNode[]> {
  const users = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node]);
  return users;
}

interface Surroundings {
  readonly producers: ReadonlyMap<string, OnnxNode>;
  readonly users: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly model: OnnxModel;
}

function productOf(node: OnnxNode, { producers, users, model }: Surroundings): FirstProduct | null {
  const { tensors } = model;
  const [left = '', right = ''] = node.inputs;
  const weight = tensors.get(right);
  if (weight === undefined || !isReadable(weight) || weight.dims.length !== 2) return null;
  const operands = sideBySide(left, producers);
  const output = node.outputs[0] as string;
  const sum = onlyUser(output, users, model, 'Add');
  const bias = sum?.inputs.map((name) => tensors.get(name)).find((tensor) => tensor !== undefined) ?? null;
  if (sum === null || bias === null || !isReadable(bias) || sizeOf(bias) !== weight.dims[1])
    return { operands, weight, bias: null, isRectified: false, result: output };
  const added = sum.outputs[0] as string;
  const rectified = onlyUser(added, users, model, 'Relu');
  const result = rectified?.outputs[0] ?? added;
  return { operands, weight, bias, isRectified: rectified !== null, result };
}

/** Returns the values that are concatenated to a value, column by column; the value itself if there are none. */
function sideBySide(name: string, producers: ReadonlyMap<string, OnnxNode>): string[] {
  const producer = producers.get(name);
  if (producer?.op !== 'Concat' || producer.integers.axis !== 1) return [name];
  return producer.inputs.flatMap((input) => sideBySide(input, producers));
}

/** Returns the node of an operator that alone uses a value; `null` if others do, or the value is an output. */
function onlyUser(name: string, users: Surroundings['users'], { outputs }: OnnxModel, op: string): OnnxNode | null {
  const [user, ...others] = users.get(name) ?? [];
  if (user === undefined || others.length > 0 || user.op !== op || outputs.some((output) => output.name === name))
    return null;
  return user;
}

function isReadable({ isFloat, values }: OnnxTensor): boolean {
  return isFloat && values !== null;
}

function sizeOf({ dims }: Pick<OnnxTensor, 'dims'>): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Whether the outputs of a model need no input of it, once these values are given. */
function dependsOnlyOn(model: OnnxModel, given: ReadonlySet<string>): boolean {
  const outputs = model.outputs.map(({ name }) => name);
  return inputsOf(model, outputs, given).length === 0;
}

/** Returns the names of the graph's inputs that values depend on, once others are given. */
export function inputsOf(
  { nodes, inputs }: OnnxModel,
  values: readonly string[],
  given: ReadonlySet<string> = new Set(),
): string[] {
  const needed = new Set(values);
  for (const node of nodes.toReversed())
    if (node.outputs.some((name) => needed.has(name) && !given.has(name)))
      for (const name of node.inputs) needed.add(name);
  return inputs.flatMap(({ name }) => (needed.has(name) ? [name] : []));
}
