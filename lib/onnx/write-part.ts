/** Writes a part of an ONNX model as a model of its own. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  FIELDS,
  floatPortMessage,
  type OnnxModel,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
} from './onnx-model.ts';

/** What a part computes, and from what. */
export interface PartOptions {
  /** Float32 values that may be inputs of the part, and their columns. The graph's own inputs need not be among them. */
  readonly given?: readonly { readonly name: string; readonly width: number }[];
  /** Values that the part returns: outputs of the graph, or float32 values. */
  readonly outputs: readonly string[];
}

/** A part of a model. */
export interface OnnxPart {
  /** Names of the graph's own inputs that it needs. */
  readonly inputs: readonly string[];
  /** Names of the given values that it needs. */
  readonly given: readonly string[];
  /** A `ModelProto` whose large tensors are external data in the folder of the model's file. */
  readonly bytes: Uint8Array;
}

/** Returns the part of a model that computes some values. */
export function onnxPart(model: OnnxModel, { given = [], outputs }: PartOptions): OnnxPart {
  const needed = new Set(outputs);
  const isGiven = new Set(given.map(({ name }) => name));
  const own = neededNodes(model, needed, isGiven);
  const inputs = model.inputs.filter(({ name }) => needed.has(name) && !isGiven.has(name));
  const writer = new BinaryWriter().raw(model.header);
  writer.tag(FIELDS.model.graph, WireType.LengthDelimited).fork();
  const write = (field: number, message: Uint8Array) =>
    writer.tag(field, WireType.LengthDelimited).uint32(message.length).raw(message);
  for (const { message } of own) write(FIELDS.graph.node, message);
  writer.tag(FIELDS.graph.name, WireType.LengthDelimited).string('part');
  for (const { message } of neededTensors(model, needed)) write(FIELDS.graph.initializer, message);
  for (const { message } of inputs) write(FIELDS.graph.input, message);
  const used = given.filter(({ name }) => needed.has(name));
  for (const { name, width } of used) write(FIELDS.graph.input, floatPortMessage(name, width));
  for (const name of outputs)
    write(
      FIELDS.graph.output,
      model.outputs.find((output) => output.name === name)?.message ?? floatPortMessage(name, null),
    );
  for (const { message } of toldValues(model, own, outputs)) write(FIELDS.graph.value, message);
  return { inputs: inputs.map(({ name }) => name), given: used.map(({ name }) => name), bytes: writer.join().finish() };
}

/** Returns the nodes that the needed values depend on, and adds what these need. */
function neededNodes(model: OnnxModel, needed: Set<string>, isGiven: ReadonlySet<string>): OnnxNode[] {
  const nodes: OnnxNode[] = [];
  for (const node of model.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name) && !isGiven.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    nodes.push(node);
  }
  return nodes.reverse();
}

function neededTensors({ tensors }: OnnxModel, needed: ReadonlySet<string>): OnnxTensor[] {
  return [...tensors.values()].filter(({ name }) => needed.has(name));
}

/** Returns the values between the nodes of the part whose shapes are told. */
function toldValues(model: OnnxModel, nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxPort[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  return model.values.filter(({ name }) => made.has(name) && !outputs.includes(name));
}
