// Faults of matrices and networks of initial weights: wrong patterns, shared streams, fans in the wrong order, biases.
import type { Args, Plain } from '../contract.ts';
import type { Port } from '../port.ts';
import { asking, column, everySample, times, weights } from './initializer.ts';
import { at, like, list, type Mutant, now, number, plain } from './plant.ts';

/** The parameters of a new network, changed. */
const networkInit = (f: (params: readonly Plain[], args: Args) => readonly Plain[]) =>
  at('training.network.init', (args, original) => ({ params: f(list(now(original, args), 'params'), args) }));

const length = ({ data }: Plain): number => Math.hypot(...Array.from(data));
const lsuv = (f: (params: readonly Plain[]) => readonly Plain[]) =>
  at('training.network.lsuv', (args, original) => ({ params: f(list(now(original, args), 'params')) }));

export const networkInitializerMutants: readonly Mutant[] = [
  {
    id: 'orthogonal/only-normalised',
    says: 'adds a little of one vector to another',
    killedBy: ['initializer/orthogonal', 'initializer/orthogonal-always'],
    plant: at(
      'initializer.orthogonal.sample',
      weights((v, i) => v + (i === 0 ? 2 ** -30 : 0)),
    ),
  },
  {
    id: 'orthogonal/block-beside-zeros',
    says: 'fills a square block of an oblong matrix, and leaves the rest at zero',
    killedBy: ['initializer/orthogonal'],
    plant: at('initializer.orthogonal.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const [rows = 1, columns = 1] = w.shape;
      const short = Math.min(rows, columns);
      return {
        w: like(w, (_, i) => {
          const [r, c] = [Math.floor(i / columns), i % columns];
          return r < short && r === c ? number(args, 'gain') : 0;
        }),
      };
    }),
  },
  {
    id: 'orthogonal/signs-of-qr',
    says: 'leaves the signs of the decomposition: diagonals are positive',
    killedBy: ['initializer/orthogonal-uniform'],
    plant: at('initializer.orthogonal.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const n = column(w);
      return { w: like(w, (v, i) => ((w.data[(i % n) * n + (i % n)] ?? 0) < 0 ? -v : v)) };
    }),
  },
  {
    id: 'orthogonal/rotations-only',
    says: 'makes rotations, never reflections',
    killedBy: ['initializer/orthogonal-uniform'],
    plant: at('initializer.orthogonal.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = Array.from(w.data);
      const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
      return { w: w.data.length === 9 && det < 0 ? like(w, (v) => -v) : w };
    }),
  },
  {
    id: 'orthogonal/gain-ignored',
    says: 'ignores the gain',
    bug: 'Flux 4f87f2b',
    killedBy: ['initializer/orthogonal', 'initializer/gain'],
    plant: at(
      'initializer.orthogonal.sample',
      asking(() => ({ gain: 1 })),
    ),
  },
  {
    id: 'identity/transposed-stride',
    says: 'walks the diagonal with the wrong stride',
    killedBy: ['initializer/pattern'],
    plant: at('initializer.identity.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const [rows = 1, columns = 1] = w.shape;
      return {
        w: like(w, (_, i) =>
          i % (rows + 1) === 0 && i / (rows + 1) < Math.min(rows, columns) ? number(args, 'gain') : 0,
        ),
      };
    }),
  },
  {
    id: 'sparse/one-short',
    says: 'leaves one weight fewer into the first unit',
    killedBy: ['initializer/pattern', 'initializer/sparse-values'],
    plant: at('initializer.sparse.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const first = Array.from(w.data).findIndex((v, i) => i % column(w) === 0 && v !== 0);
      return { w: like(w, (v, i) => (i === first ? 0 : v)) };
    }),
  },
  {
    id: 'sparse/first-inputs',
    says: 'gives every unit the first inputs',
    killedBy: ['initializer/sparse-places'],
    plant: at('initializer.sparse.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const chosen = Array.from(w.data).filter((v) => v !== 0);
      return { w: like(w, (_, i) => (Math.floor(i / column(w)) < 15 ? (chosen[i] ?? 1) : 0)) };
    }),
  },
  {
    id: 'sparse/same-inputs',
    says: 'gives every unit the inputs of the first',
    killedBy: ['initializer/sparse-places'],
    plant: at('initializer.sparse.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const n = column(w);
      return { w: like(w, (v, i) => (w.data[i - (i % n)] !== 0 ? v || 1 : 0)) };
    }),
  },
  {
    id: 'sparse/variance-over-fan',
    says: 'divides the variance by the number of weights',
    killedBy: ['initializer/sparse-values'],
    plant: at('initializer.sparse.sample', times(1 / Math.sqrt(15))),
  },
  {
    id: 'network/shared-stream',
    says: 'draws the weights of all layers from the same key',
    bug: 'mlx #3828',
    killedBy: ['initializer/network-layers'],
    plant: networkInit((params) =>
      params.map((p) => params.find((q) => q.shape.join() === p.shape.join() && q.shape.length === 2) ?? p),
    ),
  },
  {
    id: 'network/mirrored-stream',
    says: 'gives the second layer the numbers of the first, backwards',
    killedBy: ['initializer/network-layers'],
    plant: networkInit((params) =>
      params.map((p, i) => {
        const [first] = params;
        return i === 2 && first !== undefined && first.data.length === p.data.length
          ? { shape: p.shape, data: Array.from(first.data).reverse() }
          : p;
      }),
    ),
  },
  {
    id: 'network/fans-swapped',
    says: 'hands the fans of a layer over in the wrong order',
    bug: 'burn #4973',
    killedBy: ['initializer/network-variance'],
    plant: networkInit((params) =>
      params.map((p) => {
        const [fanIn = 1, fanOut = 1] = p.shape;
        return p.shape.length === 2 ? like(p, (v) => v * Math.sqrt(fanIn / fanOut)) : p;
      }),
    ),
  },
  {
    id: 'network/gain-dropped',
    says: 'does not hand the gain over',
    bug: 'Flux 4f87f2b, tfjs-layers #505',
    killedBy: ['initializer/network-variance'],
    plant: at('training.network.init', (args, original) =>
      now(original, {
        ...args,
        layers: (args.layers as readonly object[]).map((l) => ({ ...l, gain: 1 })), // as the contract says
      }),
    ),
  },
  {
    id: 'network/biases-as-weights',
    says: 'draws the biases too',
    killedBy: ['initializer/network-biases'],
    plant: networkInit((params) =>
      params.map((p, i) => (i % 2 === 1 ? like(p, (_, j) => params[i - 1]?.data[j] ?? 0) : p)),
    ),
  },
  {
    id: 'network/biases-0.1',
    says: 'starts biases at 0.1',
    killedBy: ['initializer/network-biases'],
    plant: networkInit((params) => params.map((p, i) => (i % 2 === 1 ? like(p, () => 0.1) : p))),
  },
  {
    id: 'network/seed-dropped',
    says: 'does not hand the seed over',
    bug: 'tfjs #7108',
    killedBy: ['initializer/network-seed'],
    plant: at(
      'training.network.init',
      asking(() => ({ seed: 3 })),
    ),
  },
  {
    id: 'network/seed-zero',
    says: 'seed || fresh: 0 is not honoured',
    bug: 'keras #19364',
    killedBy: ['initializer/network-seed'],
    plant: (port: Port) => {
      let fresh = 1000;
      return at(
        'training.network.init',
        asking((a) => ({ seed: number(a, 'seed') || fresh++ })),
      )(port);
    },
  },
  {
    id: 'propagation/correlated-inputs',
    says: 'weights out of neighbouring inputs share a tenth of themselves',
    killedBy: ['initializer/propagation'],
    plant: everySample((args, original) => {
      const w = plain(now(original, args), 'w');
      const n = column(w);
      return { w: like(w, (v, i) => Math.sqrt(0.9) * v + Math.sqrt(0.1) * (w.data[i % n] ?? 0)) };
    }),
  },
  {
    id: 'depth/xavier',
    says: 'starts a ReLU network with half of the variance',
    killedBy: ['initializer/depth', 'initializer/network-variance'],
    plant: networkInit((params) => params.map((p) => (p.shape.length === 2 ? like(p, (v) => v * Math.SQRT1_2) : p))),
  },
  {
    id: 'depth/positive-weights',
    says: 'starts a network with weights that are rather positive',
    killedBy: ['initializer/depth'],
    plant: networkInit((params) =>
      params.map((p, i) =>
        p.shape.length === 2 && i > 0 ? like(p, (v) => v + Math.sqrt(2 / (p.shape[0] ?? 1)) / 8) : p,
      ),
    ),
  },
  {
    id: 'lsuv/first-layer-only',
    says: 'scales the first layer only',
    killedBy: ['initializer/lsuv'],
    plant: lsuv((params) => params.map((p, i) => (i > 1 ? like(p, (v) => v * 1.25) : p))),
  },
  {
    id: 'lsuv/layers-alike',
    says: 'starts every layer from the same directions',
    killedBy: ['initializer/lsuv'],
    plant: lsuv((params) =>
      params.map((p) => {
        const first = params.find(({ shape }) => shape.length === 2 && shape.join() === p.shape.join()) ?? p;
        const [from, to] = [length(first), length(p)];
        return first === p ? p : like(p, (_, i) => ((first.data[i] ?? 0) / from) * to);
      }),
    ),
  },
  {
    id: 'lsuv/stops-early',
    says: 'takes any variance below 17 for 1',
    killedBy: ['initializer/lsuv'],
    plant: at(
      'training.network.lsuv',
      asking((a) => ({ tolerance: 2 ** 20 * number(a, 'tolerance') })),
    ),
  },
  {
    id: 'lsuv/before-the-activation',
    says: 'measures before the activation whatever is asked',
    killedBy: ['initializer/lsuv'],
    plant: at(
      'training.network.lsuv',
      asking(() => ({ post: false })),
    ),
  },
  {
    id: 'lsuv/not-orthogonal',
    says: 'starts from other weights than orthogonal ones',
    killedBy: ['initializer/lsuv'],
    plant: lsuv((params) =>
      params.map((p) =>
        p.shape.length === 2 && p.data.length > 2 ? like(p, (v, i) => (i === 0 ? v * (1 + 2 ** -20) : v)) : p,
      ),
    ),
  },
];
