// The built-in port, part four: optimizers and schedules.
import {
  type Hyper,
  OPTIMIZERS,
  ops,
  optimizerOf,
  SCHEDULES,
  scalar,
  scheduleOf,
  type Tensor,
} from '../../../src/index.ts';
import type { RunArgs } from '../../args.ts';
import { type Entries, plain, table, tensor } from './shared.ts';

const optimizer = (name: string) => ({
  run: ({ params, gradients, hyper }: RunArgs) => {
    const { init, update } = optimizerOf(name, hyper);
    let ws: readonly Tensor[] = params.map(tensor);
    let slots = init(ops, ws);
    const out = gradients.map((gs, i) => {
      const [us, next] = update(ops, gs.map(tensor), slots, ws, scalar(i + 1));
      ws = ws.map((w, j) => ops.add(w, us[j] as Tensor)); // one update per leaf
      slots = next;
      return ws.map(plain);
    });
    return { params: out };
  },
});

export const optimCalls = {
  optimizer: table(Object.keys(OPTIMIZERS), optimizer),
  schedule: table(Object.keys(SCHEDULES), (name: string) => ({
    factor: ({ hyper, steps }: { hyper: Hyper; steps: readonly number[] }) => {
      const factor = scheduleOf(name, hyper);
      return { factor: { shape: [steps.length], data: steps.map((k) => factor(ops, scalar(k)).view[0] as number) } };
    },
  })),
} satisfies Entries;
