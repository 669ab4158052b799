// The built-in port, part one: activations and losses.
import { ACTIVATIONS, gradOf, LOSSES, lossOf, lossRow, type OpName, pullback, vjp } from '../../../src/index.ts';
import type { LossArgs } from '../../args.ts';
import type { Plain } from '../../contract.ts';
import { type Entries, type Kit, table, verb } from './shared.ts';

/** Over any carrier: tensors for the eager engine, symbols for the compiled one. */
export const elementCalls = <T>({ o: ops, tensor, plain }: Kit<T>) => {
  const activation = (name: OpName) => {
    const f = verb(name);
    return {
      forward: ({ x, ...p }: { x: Plain }) => ({ y: plain(f(ops, [tensor(x)], p)) }),
      vjp: ({ x, dy, ...p }: { x: Plain; dy: Plain }) => {
        const [dx] = vjp((o, xs) => f(o, xs, p), ops, [tensor(x)]).pull(tensor(dy));
        return { dx: plain(dx as T) }; // one argument, one cotangent
      },
    };
  };

  const loss = (name: string) => {
    const row = lossRow(name);
    const at = ({ prediction, target, reduction, ...params }: LossArgs) =>
      pullback(
        (o, xs) => [lossOf(o, row, xs[0] as (typeof xs)[number], xs[1] as (typeof xs)[number], reduction, params)],
        ops,
        [tensor(prediction), tensor(target)],
        1,
      );
    return {
      forward: (args: LossArgs) => ({ loss: plain(at(args).value) }),
      vjp: (args: LossArgs) => ({ dprediction: plain(gradOf(ops, at(args))[0] as T) }),
    };
  };

  return {
    activation: table(ACTIVATIONS, activation),
    loss: table(Object.keys(LOSSES), loss),
  } satisfies Entries;
};
