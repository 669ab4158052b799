// The built-in port, part two: layers.
import { dense, ops, type Program, type Tensor, vjp } from '../../../src/index.ts';
import type { Plain } from '../../contract.ts';
import { type Entries, plain, tensor } from './shared.ts';

export const layerCalls = {
  layer: {
    dense: {
      forward: (a: Record<'x' | 'w' | 'b', Plain>) => ({
        y: plain(dense(ops, tensor(a.x), tensor(a.w), tensor(a.b))),
      }),
      vjp: (a: Record<'x' | 'w' | 'b' | 'dy', Plain>) => {
        const program: Program = (o, [x, w, b]) =>
          dense(o, x as NonNullable<typeof x>, w as NonNullable<typeof w>, b as NonNullable<typeof b>);
        const [dx, dw, db] = vjp(program, ops, [tensor(a.x), tensor(a.w), tensor(a.b)]).pull(tensor(a.dy)) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        return { dx: plain(dx), dw: plain(dw), db: plain(db) };
      },
    },
  },
} satisfies Entries;
