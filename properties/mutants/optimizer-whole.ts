// Faults of optimizers, part three: rules that see whole tensors, averages of iterates, and estimated rates.
import type { Plain } from '../contract.ts';
import { at, like, list, type Mutant, now } from './plant.ts';
import { adamStep, mean, withHyper, wrong, wrongLeaf, type X, type XLeaf } from './wrong.ts';

const CONSTANT = 'optimizer/constant-gradient';
const STEPS = 'optimizer/steps';
const PATH = 'optimizer/trajectory';

export const wholeOptimizerMutants: readonly Mutant[] = [
  {
    id: 'lamb/one-ratio',
    says: 'measures all tensors together',
    killedBy: ['optimizer/leaves-of-their-own', STEPS, 'optimizer/trust-ratio'],
    plant: at('optimizer.lamb.run', (args, original) => {
      const joined = (ts: readonly Plain[]): readonly Plain[] => {
        const data = ts.flatMap((t) => Array.from(t.data));
        return [{ shape: [data.length], data }];
      };
      const params = list(args, 'params');
      const gradients = args.gradients as readonly (readonly Plain[])[];
      const answer = now(original, { ...args, params: joined(params), gradients: gradients.map(joined) });
      const apart = ([all]: readonly Plain[]): readonly Plain[] => {
        let at0 = 0;
        return params.map((p) => like(p, () => all?.data[at0++] ?? Number.NaN));
      };
      return { params: (answer.params as readonly (readonly Plain[])[]).map(apart) };
    }),
  },
  {
    id: 'lamb/never-starts',
    says: 'has the ratio 0 at weights of 0',
    killedBy: ['optimizer/special-cases'],
    plant: wrongLeaf('lamb', (x) => lamb(x, { none: 0 })),
  },
  {
    id: 'lamb/upside-down',
    says: 'has the ratio upside down',
    killedBy: [CONSTANT, STEPS, 'optimizer/trust-ratio'],
    plant: wrongLeaf('lamb', (x) => lamb(x, { ratio: (w, r) => r / w })),
  },
  {
    id: 'lamb/decay-outside',
    says: 'adds the decay after the ratio',
    killedBy: [CONSTANT, STEPS, 'optimizer/trust-ratio'],
    plant: wrongLeaf('lamb', (x) => {
      const bare = lamb({ ...x, h: (key) => (key === 'weightDecay' ? 0 : x.h(key)) }, {});
      return bare.map((v, j) => v - x.h('lr') * x.h('weightDecay') * (x.ws[j] ?? 0));
    }),
  },
  {
    id: 'schedule_free_sgd/evaluates-where-it-differentiates',
    says: 'mixes the iterates with 1 − beta1',
    killedBy: [STEPS, CONSTANT, 'optimizer/special-cases'],
    plant: withHyper('schedule_free_sgd', (h) => ({ ...h, beta1: 1 - (h.beta1 ?? 0) })),
  },
  {
    id: 'schedule_free_sgd/late-share',
    says: 'gives the newest iterate a share of 1/(t + 1)',
    killedBy: [STEPS, CONSTANT, 'optimizer/average-of-iterates'],
    plant: wrong('schedule_free_sgd', (x) => free(x, x.g, 1 / (x.k + 1))),
  },
  {
    id: 'schedule_free_adamw/no-correction',
    says: 'does not correct the second moment',
    killedBy: [STEPS, CONSTANT],
    plant: wrong('schedule_free_adamw', (x) => {
      x.s.v = mean(x.h('beta2'), x.s.v ?? 0, x.g * x.g);
      return free(x, x.g / (Math.sqrt(x.s.v) + x.h('eps')), 1 / x.k);
    }),
  },
  {
    id: 'schedule_free_adamw/decays-z',
    says: 'decays the iterate in place of the point of the gradient',
    killedBy: [STEPS, PATH],
    plant: wrong('schedule_free_adamw', (x) => {
      x.s.v = mean(x.h('beta2'), x.s.v ?? 0, x.g * x.g);
      const step = x.g / (Math.sqrt(x.s.v / (1 - x.h('beta2') ** x.k)) + x.h('eps'));
      return free({ ...x, w: x.k === 1 ? x.w : (x.s.z ?? 0) }, step, 1 / x.k);
    }),
  },
  {
    id: 'shampoo/roots-of-one-side',
    says: 'takes the root of the left side only',
    killedBy: [STEPS, CONSTANT, 'optimizer/orthonormal-gradient'],
    plant: at('optimizer.shampoo.run', (args, original) => {
      const right = now(original, args).params as readonly (readonly Plain[])[];
      const params = list(args, 'params');
      // on matrices with orthonormal rows one side alone is the fourth root in place of the square root
      return {
        params: right.map((leaves) =>
          leaves.map((leaf, i) =>
            leaf.shape.length === 2
              ? like(leaf, (v, j) => {
                  const w = params[i]?.data[j] ?? 0;
                  return w + Math.sign(v - w) * Math.sqrt(Math.abs(v - w));
                })
              : leaf,
          ),
        ),
      };
    }),
  },
  {
    id: 'shampoo/forgets',
    says: 'keeps the products of the last gradient alone',
    killedBy: [CONSTANT, STEPS, 'optimizer/orthonormal-gradient'],
    plant: at('optimizer.shampoo.run', (args, original) => {
      let params = list(args, 'params');
      const steps = (args.gradients as readonly (readonly Plain[])[]).map((gs) => {
        const one = now(original, { ...args, params, gradients: [gs] }).params as readonly (readonly Plain[])[];
        params = one[0] ?? [];
        return params;
      });
      return { params: steps };
    }),
  },
  {
    id: 'shampoo/no-ridge',
    says: 'has a thousandth of the eps that it was given',
    killedBy: [CONSTANT, STEPS, 'optimizer/defaults'],
    plant: withHyper('shampoo', (h) => ({ ...h, eps: (h.eps ?? 0) / 1024 || 2 ** -30 })),
  },
  {
    id: 'prodigy/distance-falls',
    says: 'lets the distance fall again',
    killedBy: ['optimizer/estimated-distance', STEPS],
    plant: at('optimizer.prodigy.run', (args) => ({
      params: prodigy(args as unknown as ProdigyArgs, { kept: (_, next) => next }),
    })), // the contract's fields
  },
  {
    id: 'prodigy/other-norm',
    says: 'divides by the largest entry, not by the sum of all',
    killedBy: ['optimizer/estimated-distance'],
    plant: at('optimizer.prodigy.run', (args) => ({
      params: prodigy(args as unknown as ProdigyArgs, { norm: (vs) => Math.max(...vs.map(Math.abs)) }), // the contract's fields
    })),
  },
  {
    id: 'prodigy/no-correction',
    says: 'does not correct the bias where it was told to',
    killedBy: [CONSTANT, STEPS],
    plant: withHyper('prodigy', (h) => ({ ...h, biasCorrection: 0 })),
  },
  {
    id: 'muon/scale-upside-down',
    says: 'takes the sides of the matrix for each other in its scale',
    killedBy: [STEPS, 'optimizer/orthonormal-gradient', 'optimizer/near-orthogonal-step'],
    plant: wrongLeaf('muon', (x) => muon(x, { size: (m, n) => Math.sqrt(Math.max(1, m / n)) })),
  },
  {
    id: 'muon/heavy-ball',
    says: 'does not look ahead',
    killedBy: [STEPS, PATH],
    plant: wrongLeaf('muon', (x) => muon(x, { ahead: (_, m) => m })),
  },
  {
    id: 'muon/four-turns',
    says: 'stops after four turns',
    killedBy: [STEPS, CONSTANT, 'optimizer/orthonormal-gradient', 'optimizer/near-orthogonal-step'],
    plant: wrongLeaf('muon', (x) => muon(x, { turns: 2 })),
  },
  {
    id: 'muon/other-quintic',
    says: 'has the quintic with 3.445 for 3.4445',
    killedBy: [STEPS, CONSTANT, 'optimizer/orthonormal-gradient'],
    plant: wrongLeaf('muon', (x) => muon(x, { a: 3.445 })),
  },
  {
    id: 'muon/decay-without-rate',
    says: 'takes weightDecay·w off whatever the rate',
    killedBy: ['optimizer/decay-alone', CONSTANT, STEPS],
    plant: wrongLeaf('muon', (x) =>
      muon({ ...x, h: (key) => (key === 'weightDecay' ? x.h(key) / (x.h('lr') || 1) : x.h(key)) }, {}),
    ),
  },
  {
    id: 'muon/whole-rate-for-vectors',
    says: 'gives the rate of matrices to all other tensors',
    killedBy: ['optimizer/special-cases', STEPS, 'optimizer/defaults'],
    plant: withHyper('muon', (h) => ({ ...h, adamShare: 1 })),
  },
];

const norm = (vs: readonly number[]): number => Math.sqrt(vs.reduce((s, v) => s + v * v, 0));

interface LambFault {
  readonly none?: number;
  readonly ratio?: (w: number, r: number) => number;
}
function lamb({ gs, ws, k, h, s }: XLeaf, { none = 1, ratio = (w, r) => w / r }: LambFault): readonly number[] {
  s.m = gs.map((g, j) => mean(h('beta1'), s.m?.[j] ?? 0, g));
  s.v = gs.map((g, j) => mean(h('beta2'), s.v?.[j] ?? 0, g * g));
  const r = s.m.map((m, j) => {
    const root = Math.sqrt((s.v?.[j] ?? 0) / (1 - h('beta2') ** k)) + h('eps');
    return m / (1 - h('beta1') ** k) / root + h('weightDecay') * (ws[j] ?? 0);
  });
  const trust = norm(ws) > 0 && norm(r) > 0 ? ratio(norm(ws), norm(r)) : none;
  return r.map((v) => -h('lr') * trust * v);
}

function free({ w, k, h, s }: X, towards: number, share: number): number {
  const z = k === 1 ? w : (s.z ?? 0);
  const x = k === 1 ? w : (s.x ?? 0);
  const dz = -h('lr') * (towards + h('weightDecay') * w);
  s.z = z + dz;
  const dx = share * (s.z - x);
  s.x = x + dx;
  return (1 - h('beta1')) * dz + h('beta1') * dx;
}

interface ProdigyArgs {
  readonly params: readonly Plain[];
  readonly gradients: readonly (readonly Plain[])[];
  readonly hyper: Readonly<Record<string, number>>;
}
interface ProdigyFault {
  readonly kept?: (before: number, next: number) => number;
  readonly norm?: (vs: readonly number[]) => number;
}
function prodigy(
  { params, gradients, hyper }: ProdigyArgs,
  { kept = Math.max, norm: length = (vs) => vs.reduce((s, v) => s + Math.abs(v), 0) }: ProdigyFault,
): readonly (readonly Plain[])[] {
  const h = (key: string): number => hyper[key] ?? 0;
  const start = params.flatMap((p) => Array.from(p.data));
  let [w, d, top] = [start, h('d0'), 0];
  const s = start.map(() => ({ m: 0, v: 0, sum: 0 }));
  const b3 = Math.sqrt(h('beta2'));
  return gradients.map((gs, t) => {
    const g = gs.flatMap((leaf) => Array.from(leaf.data));
    const bias = h('biasCorrection') === 1 ? Math.sqrt(1 - h('beta2') ** (t + 1)) / (1 - h('beta1') ** (t + 1)) : 1;
    const rate = d * h('lr') * bias;
    const weight = (d / h('d0')) * rate;
    top = b3 * top + weight * g.reduce((sum, v, j) => sum + v * ((start[j] ?? 0) - (w[j] ?? 0)), 0);
    s.forEach((x, j) => {
      const v = g[j] ?? 0;
      x.m = h('beta1') * x.m + (1 - h('beta1')) * d * v;
      x.v = h('beta2') * x.v + (1 - h('beta2')) * d * d * v * v;
      x.sum = b3 * x.sum + weight * v;
    });
    const size = length(s.map((x) => x.sum));
    const next = size > 0 ? kept(d, (h('dFactor') * top) / size) : d;
    w = w.map((v, j) => v - (rate * (s[j]?.m ?? 0)) / (Math.sqrt(s[j]?.v ?? 0) + next * h('eps')));
    d = next;
    let i = 0;
    return params.map((p) => like(p, () => w[i++] ?? Number.NaN));
  });
}

interface MuonFault {
  readonly a?: number;
  readonly turns?: number;
  readonly size?: (m: number, n: number) => number;
  readonly ahead?: (g: number, m: number, mu: number) => number;
}
type Square = readonly (readonly number[])[];
const times = (a: Square, b: Square): Square =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((s, v, i) => s + v * (b[i]?.[j] ?? 0), 0)));
const turned = (a: Square): Square => (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? 0));

function muon(
  x: XLeaf,
  {
    a: first = 3.4445,
    turns = 5,
    size = (m, n) => Math.sqrt(Math.max(1, n / m)),
    ahead = (g, m, mu) => mean(mu, m, g),
  }: MuonFault,
): readonly number[] {
  const { gs, ws, shape, k, h, s } = x;
  const keys = ['m', 'v'] as const;
  if (shape.length !== 2)
    return gs.map((g, j) => {
      const own: Record<string, number> = Object.fromEntries(keys.map((key) => [key, s[key]?.[j] ?? 0]));
      const eps = (key: string): number =>
        key === 'eps' ? h('adamEps') : key === 'epsRoot' || key === 'epsHat' ? 0 : h(key);
      const step = adamStep({ g, w: ws[j] ?? 0, k, h: eps, s: own, leaf: 0, leaves: 1 });
      for (const key of keys) {
        s[key] ??= gs.map(() => 0);
        (s[key] ?? [])[j] = own[key] ?? 0;
      }
      return -h('lr') * h('adamShare') * step;
    });
  const [m = 1, n = 1] = shape;
  s.m = gs.map((g, j) => mean(h('momentum'), s.m?.[j] ?? 0, g));
  const u = gs.map((g, j) => ahead(g, s.m?.[j] ?? 0, h('momentum')));
  const length = norm(u) + h('eps');
  let y: Square = Array.from({ length: m }, (_, i) =>
    u.slice(i * n, (i + 1) * n).map((v) => (length > 0 ? v / length : 0)),
  );
  if (m > n) y = turned(y);
  for (let turn = 0; turn < turns; turn++) {
    const square = times(y, turned(y));
    const twice = times(square, square);
    const b = square.map((row, i) => row.map((v, j) => -4.775 * v + 2.0315 * (twice[i]?.[j] ?? 0)));
    const by = times(b, y);
    y = y.map((row, i) => row.map((v, j) => first * v + (by[i]?.[j] ?? 0)));
  }
  if (m > n) y = turned(y);
  const scale = h('rmsScale') === 1 ? 0.2 * Math.sqrt(Math.max(m, n)) : size(m, n);
  const flat = y.flat();
  return ws.map((w, j) => -h('lr') * (scale * (flat[j] ?? 0) + h('weightDecay') * w));
}
