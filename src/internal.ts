// What the verification may see of the engine and users may not: the hook that watches births of tensors.
export { type Birth, watchBirths } from './core/tensor.ts';
