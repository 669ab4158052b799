// What the verification may see of the engine and users may not: births of tensors, machines, and the plain readings they are held to.
export { type Machine, type MachineOptions, machineOf } from './compile/machine.ts';
export { type Tracer, tracer } from './compile/program.ts';
export { stridesOnto, walk } from './core/shape.ts';
export { type Birth, watchBirths } from './core/tensor.ts';
export { type Elementary, numbers, singles, type Vec } from './core/vec.ts';
export { middles, type SumParams } from './ops/fold.ts';
