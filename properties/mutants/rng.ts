// Faults of random numbers: streams that meet, hidden state, bits that are no coins, cut tails, unfair orders.
import type { Args } from '../contract.ts';
import { asking } from './initializer.ts';
import { at, both, changed, type Fault, like, list, type Mutant, now, number, plain, u } from './plant.ts';

const numbersOf = (args: Args, name: string): readonly number[] => args[name] as readonly number[]; // words or indices, by the contract
const words =
  (f: (w: number, i: number) => number): Fault =>
  (args, original) => ({
    words: numbersOf(now(original, args), 'words').map(f),
  });
/** Values of a draw, all at once. */
const values = (name: string, f: (v: readonly number[], args: Args) => readonly number[]) =>
  at(`random.${name}.sample`, (args, original) => {
    const t = plain(now(original, args), 'values');
    return { values: { shape: t.shape, data: f(Array.from(t.data), args) } };
  });
const order = (f: (order: readonly number[], args: Args) => readonly number[]) =>
  at('random.permutation.sample', (args, original) => ({ order: f(numbersOf(now(original, args), 'order'), args) }));

const seeded = (name: string, seed: number, count: number, port: Parameters<Mutant['plant']>[0]): readonly number[] => {
  const answer = port.call(`random.${name}.sample`, { seed, count }) as Args; // the home port answers at once
  return Array.from(plain(answer, 'values').data);
};

export const rngMutants: readonly Mutant[] = [
  {
    id: 'threefry/one-bit',
    says: 'flips one bit',
    killedBy: ['rng/threefry-known-answers', 'rng/threefry-block'],
    plant: at(
      'random.threefry.block',
      words((w) => w ^ 1),
    ),
  },
  {
    id: 'threefry/counter-word',
    says: 'ignores the second word of the counter unless it is all ones or zero',
    killedBy: ['rng/threefry-known-answers', 'rng/threefry-block'],
    plant: at('random.threefry.block', (args, original) => {
      const [a = 0, b = 0] = numbersOf(args, 'counter');
      return now(original, { ...args, counter: [a, b === 0xffffffff ? b : 0] });
    }),
  },
  {
    id: 'threefry/keys-31-bits',
    says: 'loses the sign bit of keys other than the published ones',
    killedBy: ['rng/threefry-block'],
    plant: at('random.threefry.block', (args, original) => {
      const key = numbersOf(args, 'key');
      return now(original, { ...args, key: key.map((k) => (k === 0xffffffff ? k : k & 0x7fffffff)) });
    }),
  },
  {
    id: 'threefry/seed-32-bits',
    says: 'keeps the low 32 bits of a seed only',
    killedBy: ['rng/threefry-streams'],
    plant: at(
      'random.threefry.key',
      words((w, i) => (i === 0 ? 0 : w)),
    ),
  },
  {
    id: 'threefry/children-from-1',
    says: 'counts children from 1',
    killedBy: ['rng/threefry-streams'],
    plant: (port) =>
      at('random.threefry.split', (args) => ({
        keys: Array.from(
          { length: number(args, 'n') },
          (_, i) => numbersOf(port.call('random.threefry.fold', { key: args.key, child: i + 1 }) as Args, 'words'), // at once
        ),
      }))(port),
  },
  {
    id: 'threefry/order-backwards',
    says: 'orders from the largest uniform down',
    killedBy: ['rng/threefry-streams'],
    plant: at('random.threefry.order', (args, original) => ({
      order: [...numbersOf(now(original, args), 'order')].reverse(),
    })),
  },
  {
    id: 'threefry/fold-as-draw',
    says: 'makes the key of a child from the same block as a draw',
    killedBy: ['rng/threefry-streams'],
    plant: (port) =>
      at(
        'random.threefry.fold',
        (args) => port.call('random.threefry.block', { key: args.key, counter: [args.child, 0] }) as Args,
      )(port),
  },
  {
    id: 'threefry/half-step-missing',
    says: 'leaves the half step out, so that 0 occurs',
    killedBy: ['rng/threefry-streams'],
    plant: changed('random.threefry.uniforms', 'values', (v) => v - 2 ** -53),
  },
  {
    id: 'threefry/spoils-its-key',
    says: 'the second use of a key draws other numbers',
    bug: 'mlx #3828',
    killedBy: ['rng/threefry-seeded'],
    plant: (port) => {
      let uses = 0;
      return at('random.threefry.uniforms', (args, original) => {
        const [a = 0, b = 0] = numbersOf(args, 'key');
        return now(original, { ...args, key: [a, b + uses++] });
      })(port);
    },
  },
  {
    id: 'uniform/includes-1',
    says: 'rounds up to 1 now and then',
    bug: 'arrayfire #1610, AMReX #5643',
    killedBy: ['rng/uniform-range'],
    plant: changed('random.uniform.sample', 'values', (v) => (v > 0.98 ? 1 : v)),
  },
  {
    id: 'uniform/cast-first',
    says: 'casts to integers before scaling',
    bug: 'tinygrad #1593',
    killedBy: ['rng/uniform-range', 'rng/bins', 'rng/uniform-distribution', 'rng/bits'],
    plant: changed('random.uniform.sample', 'values', (v) => Math.floor(v)),
  },
  {
    id: 'uniform/off-the-grid',
    says: 'divides by 2³² − 1',
    killedBy: ['rng/uniform-range'],
    plant: changed('random.uniform.sample', 'values', (v) => Math.floor(v * 2 ** 32) / (2 ** 32 + 1)),
  },
  {
    id: 'uniform/32-bits',
    says: 'has 32 random bits in the place of 52',
    killedBy: ['rng/bits'],
    plant: changed('random.uniform.sample', 'values', (v) => Math.floor(v * 2 ** 32) / 2 ** 32),
  },
  {
    id: 'uniform/one-word-twice',
    says: 'fills the low bits with the high ones',
    killedBy: ['rng/bits'],
    plant: changed(
      'random.uniform.sample',
      'values',
      (v) => Math.floor(v * 2 ** 26) / 2 ** 26 + Math.floor(v * 2 ** 26) / 2 ** 52,
    ),
  },
  {
    id: 'uniform/squared',
    says: 'is not uniform',
    killedBy: ['rng/balance', 'rng/uniform-distribution', 'rng/bins', 'rng/pairs'],
    plant: changed('random.uniform.sample', 'values', (v) => Math.floor(v * v * 2 ** 53) / 2 ** 53),
  },
  {
    id: 'uniform/one-cell-heavy',
    says: 'puts more into one cell of 64',
    killedBy: ['rng/bins'],
    plant: changed('random.uniform.sample', 'values', (v) => (v > 0.5 && v < 0.508 ? v - 0.3125 : v)),
  },
  {
    id: 'uniform/sticky',
    says: 'draws the half of its neighbour',
    killedBy: ['rng/pairs'],
    plant: values('uniform', (v) =>
      v
        .map((x, i) => ((v[i - (i % 2)] ?? 0) < 1 / 2 ? x / 2 : x / 2 + 1 / 2))
        .map((x, i) => (i % 2 === 0 ? (v[i] ?? x) : x)),
    ),
  },
  {
    id: 'normal/lattice-of-seeds',
    says: 'the first normal of a seed grows with the seed',
    killedBy: ['rng/pairs'],
    plant: (port) =>
      values('normal', (v, args) => {
        const s = number(args, 'seed');
        const [first = 0] = seeded('normal', s - (s % 2), 1, port);
        return v.map((x, i) => (i === 0 ? first : x));
      })(port),
  },
  {
    id: 'rng/history',
    says: 'the values depend on how many draws came before',
    bug: 'mxnet #16705',
    killedBy: ['rng/seed'],
    plant: (port) => {
      let drawn = 0;
      return at(
        'random.uniform.sample',
        asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + drawn++ })),
      )(port);
    },
  },
  {
    id: 'normal/cached-second',
    says: 'keeps the second normal of a pair for the next call, whatever its seed',
    bug: 'convnetjs return_v',
    killedBy: ['rng/seed', 'rng/prefix'],
    plant: (port) => {
      let kept: number | null = null;
      return values('normal', (v, args) => {
        const all: readonly number[] = kept === null ? v : [kept, ...v.slice(0, -1)];
        kept =
          (v.length + (kept === null ? 0 : 1)) % 2 === 1
            ? (seeded('normal', number(args, 'seed'), v.length + 1, port).at(-1) ?? 0)
            : null;
        return all;
      })(port);
    },
  },
  {
    id: 'rng/seed-zero',
    says: 'seed || fresh: 0 is not honoured',
    bug: 'tfjs randomNormal (live), keras #19364',
    killedBy: ['rng/seed'],
    plant: (port) => {
      let fresh = 1000;
      return both(
        ...(['uniform', 'normal'] as const).map((name) =>
          at(
            `random.${name}.sample`,
            asking((a) => ({ seed: number(a, 'seed') || fresh++ })),
          ),
        ),
      )(port);
    },
  },
  {
    id: 'rng/seed-size',
    says: 'takes the size of a seed and not its sign',
    killedBy: ['rng/seed'],
    plant: at(
      'random.normal.sample',
      asking((a) => ({ seed: Math.abs(number(a, 'seed')) })),
    ),
  },
  {
    id: 'rng/count-in-key',
    says: 'mixes the number of draws into the key',
    killedBy: ['rng/prefix'],
    plant: at(
      'random.uniform.sample',
      asking((a) => ({ seed: number(a, 'seed') ^ number(a, 'count') })),
    ),
  },
  {
    id: 'split/parent-first',
    says: 'gives the first child the stream of the parent',
    killedBy: ['rng/split'],
    plant: (port) =>
      at('random.uniform.children', (args, original) => {
        const { seed, count } = { seed: number(args, 'seed'), count: number(args, 'count') };
        const own = { shape: [count], data: seeded('uniform', seed, count, port) };
        return { streams: list(now(original, args), 'streams').map((s, i) => (i === 0 ? own : s)) };
      })(port),
  },
  {
    id: 'split/next-seed',
    says: 'gives children the streams of the seeds that follow',
    killedBy: ['rng/split'],
    plant: (port) =>
      at('random.normal.children', (args, original) => ({
        streams: list(now(original, args), 'streams').map((s, i) => ({
          shape: s.shape,
          data: seeded('normal', (number(args, 'seed') % 2 ** 40) + i + 1, s.data.length, port),
        })),
      }))(port),
  },
  {
    id: 'split/shifted',
    says: 'gives the second child the stream of the first, one draw later',
    killedBy: ['rng/split'],
    plant: at('random.uniform.children', (args, original) => {
      const streams = list(now(original, args), 'streams');
      return {
        streams: streams.map((s, i) =>
          i === 1 ? { shape: s.shape, data: [...Array.from(streams[0]?.data ?? []).slice(1), 0.5] } : s,
        ),
      };
    }),
  },
  {
    id: 'split/depends-on-number',
    says: 'makes other children when there are more of them',
    killedBy: ['rng/split'],
    plant: at(
      'random.uniform.children',
      asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + 7 * number(a, 'n') })),
    ),
  },
  {
    id: 'split/siblings-alike',
    says: 'siblings agree in their first bit most of the time',
    killedBy: ['rng/pairs'],
    plant: at('random.uniform.children', (args, original) => {
      const streams = list(now(original, args), 'streams');
      return {
        streams: streams.map((s, k) =>
          k === 0
            ? s
            : like(s, (v, i) => ((v + (streams[0]?.data[i] ?? 0)) % 1 < 0.3 ? (streams[0]?.data[i] ?? v) : v)),
        ),
      };
    }),
  },
  {
    id: 'uniform/top-bit-biased',
    says: 'has a top bit that is 1 in 45 % of the draws',
    killedBy: ['rng/bits', 'rng/balance', 'rng/uniform-distribution'],
    plant: changed('random.uniform.sample', 'values', (v, i) => (v >= 1 / 2 && i % 10 === 0 ? v - 1 / 2 : v)),
  },
  {
    id: 'rng/normal-variance-3-percent',
    says: 'has variance 1.03',
    killedBy: ['rng/normal-variance'],
    plant: changed('random.normal.sample', 'values', (v) => v * Math.sqrt(1.03)),
  },
  {
    id: 'normal/mean-0.1',
    says: 'has mean 0.1',
    killedBy: ['rng/balance', 'rng/normal-distribution'],
    plant: changed('random.normal.sample', 'values', (v) => v + 0.1),
  },
  {
    id: 'normal/cut-at-3',
    says: 'has no tails beyond 3',
    bug: 'elm random-extra #2',
    killedBy: ['rng/normal-tails'],
    plant: changed('random.normal.sample', 'values', (v) => (Math.abs(v) > 3 ? v / 3 : v)),
  },
  {
    id: 'normal/one-tail',
    says: 'has one tail only',
    bug: 'tfjs #172',
    killedBy: ['rng/normal-tails'],
    plant: changed('random.normal.sample', 'values', (v) => (v < -3 ? -v : v)),
  },
  {
    id: 'normal/infinite-once',
    says: 'is infinite for one uniform in a hundred thousand',
    bug: 'vowpal #1592, gpuocean #37, omnetpp #43',
    killedBy: ['rng/normal-tails'],
    plant: changed('random.normal.sample', 'values', (v) => (v > 4.2 ? Number.POSITIVE_INFINITY : v)),
  },
  {
    id: 'normal/sum-of-uniforms',
    says: 'is a sum of three uniforms',
    killedBy: ['rng/normal-tails'],
    plant: (port) =>
      values('normal', (v, args) => {
        const three = seeded('uniform', number(args, 'seed'), 3 * v.length, port);
        return v.map((_, i) => 2 * ((three[3 * i] ?? 0) + (three[3 * i + 1] ?? 0) + (three[3 * i + 2] ?? 0) - 1.5));
      })(port),
  },
  {
    id: 'normal/double-exponential',
    says: 'is a double exponential of variance 1',
    killedBy: ['rng/normal-distribution', 'rng/normal-tails'],
    plant: (port) =>
      values('normal', (v, args) =>
        seeded('uniform', number(args, 'seed'), v.length, port).map((x) =>
          x < 1 / 2 ? Math.log(2 * x) / Math.SQRT2 : -Math.log(2 - 2 * x) / Math.SQRT2,
        ),
      )(port),
  },
  {
    id: 'bernoulli/at-least',
    says: 'draws with the opposite probability',
    killedBy: ['rng/bernoulli'],
    plant: at(
      'random.bernoulli.from_uniforms',
      asking((a) => ({ p: 1 - number(a, 'p') })),
    ),
  },
  {
    id: 'bernoulli/half-for-zero',
    says: 'p || ½: 0 is not honoured',
    bug: 'keras #19364',
    killedBy: ['rng/bernoulli'],
    plant: at(
      'random.bernoulli.from_uniforms',
      asking((a) => ({ p: number(a, 'p') || 1 / 2 })),
    ),
  },
  {
    id: 'bernoulli/slightly-off',
    says: 'has a probability that is off by a hundredth',
    killedBy: ['rng/bernoulli'],
    plant: at(
      'random.bernoulli.from_uniforms',
      asking((a) => ({ p: Math.min(1, number(a, 'p') + 0.01) })),
    ),
  },
  {
    id: 'permutation/with-repetition',
    says: 'draws an index twice now and then',
    killedBy: ['rng/permutation'],
    plant: order((o) => o.map((v, i) => (i === 3 ? (o[0] ?? v) : v))),
  },
  {
    id: 'permutation/seed-ignored',
    says: 'has one order for all',
    killedBy: ['rng/permutation', 'rng/permutation-uniform'],
    plant: at(
      'random.permutation.sample',
      asking(() => ({ seed: 5 })),
    ),
  },
  {
    id: 'permutation/naive-swaps',
    says: 'swaps every index with any other, which is not fair',
    killedBy: ['rng/permutation-uniform'],
    plant: (port) =>
      order((o, args) => {
        const r = seeded('uniform', number(args, 'seed'), o.length, port);
        const made = o.map((_, i) => i);
        r.forEach((v, i) => {
          const j = Math.floor(v * o.length);
          const [a = 0, b = 0] = [made[i], made[j]];
          made[i] = b;
          made[j] = a;
        });
        return made;
      })(port),
  },
  {
    id: 'permutation/never-itself',
    says: 'leaves no index in its place (Sattolo’s cycles)',
    killedBy: ['rng/permutation-uniform'],
    plant: (port) =>
      order((o, args) => {
        const r = seeded('uniform', number(args, 'seed'), o.length, port);
        const made = o.map((_, i) => i);
        for (let i = o.length - 1; i > 0; i--) {
          const j = Math.floor((r[i] ?? 0) * i);
          const [a = 0, b = 0] = [made[i], made[j]];
          made[i] = b;
          made[j] = a;
        }
        return made;
      })(port),
  },
  {
    id: 'permutation/history',
    says: 'orders depend on how many came before',
    bug: 'mxnet #16705',
    killedBy: ['rng/permutation'],
    plant: (port) => {
      let calls = 0;
      return at(
        'random.permutation.sample',
        asking((a) => ({ seed: (number(a, 'seed') % 2 ** 40) + calls++ })),
      )(port);
    },
  },
  {
    id: 'uniform/next-to-1',
    says: 'is off by one unit of the grid',
    killedBy: ['rng/uniform-range'],
    plant: changed('random.uniform.sample', 'values', (v, i) => (i === 7 ? 1 + u : v)),
  },
];
