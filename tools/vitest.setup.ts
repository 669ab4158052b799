// In every test: tensors are sealed at birth, and none may have changed when the test ends.
import { afterEach, expect } from 'vitest';
import { sealBirths } from '../properties/seal.ts';

const registry = sealBirths();
afterEach(() => {
  expect(registry.broken(), 'tensors whose bits changed after birth').toEqual([]);
});
