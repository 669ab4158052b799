// The contract, part four: optimizers and their schedules.
import { z } from 'zod';
import { OPTIMIZERS, SCHEDULES, WRAPPERS } from '../../src/index.ts';
import { type Args, type Entry, integer, number, numbers, shapesOf, snakes, tensor, tensors } from './entry.ts';

const stepsOf = (a: Args) => (a.gradients as readonly unknown[]).map(() => shapesOf(a, 'params'));

export const optimEntries: readonly Entry[] = [
  {
    kind: 'optimizer',
    names: snakes(OPTIMIZERS),
    call: 'run',
    says: 'parameters after every step, for gradients given in advance: params [leaf], gradients [step][leaf] → params [step][leaf]',
    takes: { params: tensors, gradients: z.array(tensors), hyper: numbers },
    gives: { params: z.array(tensors) },
    shapes: (a) => ({ params: stepsOf(a) }),
  },
  {
    kind: 'optimizer',
    names: snakes(OPTIMIZERS),
    call: 'run_with_rates',
    says: 'the same with a learning rate per step in place of lr, as under a schedule',
    takes: { params: tensors, gradients: z.array(tensors), hyper: numbers, rates: z.array(number) },
    gives: { params: z.array(tensors) },
    shapes: (a) => ({ params: stepsOf(a) }),
  },
  {
    kind: 'optimizer',
    names: snakes(OPTIMIZERS),
    call: 'accepts',
    says: 'whether it would work with these hyper-parameters, rather than refuse an unknown name or a value out of range',
    takes: { hyper: numbers },
    gives: { accepted: z.boolean() },
    shapes: () => ({}),
  },
  {
    kind: 'wrapper',
    names: snakes(WRAPPERS).filter((name) => name !== 'sam'),
    call: 'run',
    says: 'an optimizer inside a wrapper: parameters after every step, and those that one evaluates with',
    takes: { params: tensors, gradients: z.array(tensors), inner: z.string(), innerHyper: numbers, hyper: numbers },
    gives: { params: z.array(tensors), evaluated: z.array(tensors) },
    shapes: (a) => ({ params: stepsOf(a), evaluated: stepsOf(a) }),
  },
  {
    kind: 'wrapper',
    names: ['sam'],
    call: 'probe',
    says: 'where the gradient that counts is taken, by the gradients at the parameters',
    takes: { params: tensors, gradients: tensors, hyper: numbers },
    gives: { params: tensors },
    shapes: (a) => ({ params: shapesOf(a, 'params') }),
  },
  {
    kind: 'wrapper',
    names: ['nest'],
    call: 'train',
    says: 'parameters after every step of an optimizer inside wrappers, which are named from the inside out, with a schedule on its rate where one is named',
    takes: {
      params: tensors,
      gradients: z.array(tensors),
      inner: z.string(),
      innerHyper: numbers,
      wrappers: z.array(z.object({ name: z.string(), hyper: numbers })),
      schedule: z.object({ name: z.string(), hyper: numbers }).optional(),
    },
    gives: { params: z.array(tensors) },
    shapes: (a) => ({ params: stepsOf(a) }),
  },
  {
    kind: 'clip',
    names: ['by_value', 'by_norm', 'by_global_norm'],
    call: 'apply',
    says: 'gradients cut to a limit: number by number, tensor by tensor, or all together; eps joins the norm',
    takes: { gradients: tensors, limit: number, eps: number.optional() },
    gives: { gradients: tensors },
    shapes: (a) => ({ gradients: shapesOf(a, 'gradients') }),
  },
  {
    kind: 'schedule',
    names: snakes(SCHEDULES),
    call: 'factor',
    says: 'factors on the learning rate at steps counted from 1',
    takes: { hyper: numbers, steps: z.array(integer) },
    gives: { factor: tensor },
    shapes: (a) => ({ factor: [(a.steps as readonly unknown[]).length] }),
  },
];
