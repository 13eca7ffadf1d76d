/** What an expression reads. */
import type { ExpressionNode } from './parse.ts';

/** The node of a name. */
export type NameNode = Extract<ExpressionNode, { readonly kind: 'name' }>;

/** Returns the names in an expression, in the order of the text. */
export function namesIn(node: ExpressionNode): NameNode[] {
  switch (node.kind) {
    case 'number':
      return [];
    case 'name':
      return [node];
    case 'call':
      return node.operands.flatMap(namesIn);
  }
}

/** Returns the parts of an expression that read nothing, the largest ones alone. */
export function constantsIn(node: ExpressionNode): ExpressionNode[] {
  if (namesIn(node).length === 0) return [node];
  return node.kind === 'call' ? node.operands.flatMap(constantsIn) : [];
}
