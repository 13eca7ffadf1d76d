import { describe, expect, it } from 'vitest';
import { type Edit, editDeclaration } from '../../lib/config/edit-declaration.ts';

const TEXT = `# A comment.
stages:
  click: { label: clicked }
  cart: {}
  wish: &like
    label: wished
  other: *like
`;
const edited = (...edits: readonly Edit[]) => editDeclaration(TEXT, edits);

describe('an edit of a declaration', () => {
  it('sets a key of a stage, and leaves the rest as it is written', () => {
    expect(edited([['stages', 'click', 'from'], 'impression'])).toBe(
      TEXT.replace('label: clicked', 'label: clicked, from: impression'),
    );
  });

  it('removes a stage', () => {
    expect(edited([['stages', 'cart'], undefined])).toBe(TEXT.replace('  cart: {}\n', ''));
  });

  it('sets a key of what is an alias there alone', () => {
    expect(edited([['stages', 'other', 'weight'], 2])).toContain('other:\n    label: wished\n    weight: 2\n');
    expect(edited([['stages', 'other', 'weight'], 2])).toContain('wish: &like\n    label: wished\n');
  });

  it('sets keys of a section and a stage that are not there yet', () => {
    expect(edited([['training', 'epochs'], 3])).toContain('training:\n  epochs: 3\n');
    expect(
      edited([
        ['stages', 'buy', 'from'],
        ['cart', 'wish'],
      ]),
    ).toContain('buy:\n    from: [ cart, wish ]\n');
  });
});
