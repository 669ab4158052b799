// Faults of Boltzmann machines: wrong sides, wrong biases, missing terms, partition functions of another machine.

import type { Args } from '../contract.ts';
import { chainMutants, type Machine, machineOf, type Row, rowsOf, sigma } from './chains.ts';
import { at, changed, type Mutant, now, plain } from './plant.ts';
import { machineTrainingMutants } from './rbmfit.ts';

/** The right answer to a machine that is misread. */
const misread = (entry: string, f: (args: Args) => Args) =>
  at(`rbm.rbm.${entry}`, (args, original) => now(original, f(args)));
const zeroed = (args: Args, name: string): Args => {
  const t = plain(args, name);
  return { ...args, [name]: { shape: t.shape, data: Array.from(t.data, () => 0) } };
};
/** The numbers of a matrix laid out by columns, in a matrix of the same shape. */
const scrambled = (args: Args): Args => {
  const { shape, data } = plain(args, 'w');
  const [n = 1, d = 1] = shape;
  return {
    ...args,
    w: { shape, data: Array.from({ length: n * d }, (_, k) => data[(k % n) * d + Math.floor(k / n)] ?? 0) },
  };
};
const rounded = (args: Args, name: string): Args => {
  const t = plain(args, name);
  return { ...args, [name]: { shape: t.shape, data: Array.from(t.data, (x) => (x > 1 / 2 ? 1 : 0)) } };
};

const stateMutants: readonly Mutant[] = [
  {
    id: 'rbm/energy-sign',
    says: 'the energy with the sign of a score',
    killedBy: ['rbm/energy', 'rbm/gauge-flip'],
    plant: changed('rbm.rbm.energy', 'energy', (e) => -e),
  },
  {
    id: 'rbm/energy-without-hidden-bias',
    says: 'the energy without c·h',
    killedBy: ['rbm/energy', 'rbm/duality', 'rbm/gauge-flip'],
    plant: misread('energy', (a) => zeroed(a, 'c')),
  },
  {
    id: 'rbm/energy-without-visible-bias',
    says: 'the energy without b·v',
    killedBy: ['rbm/energy', 'rbm/duality'],
    plant: misread('energy', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/energy-half',
    says: 'half the interaction, as of a symmetric matrix',
    killedBy: ['rbm/energy', 'rbm/gauge-flip'],
    plant: misread('energy', (a) => ({
      ...a,
      w: { ...plain(a, 'w'), data: Array.from(plain(a, 'w').data, (x) => x / 2) },
    })),
  },
  {
    id: 'rbm/energy-of-first-row',
    says: 'every row paired with the hidden states of the first',
    killedBy: ['rbm/energy'],
    plant: misread('energy', (a) => {
      const h = plain(a, 'h');
      const d = h.shape[1] ?? 1;
      return { ...a, h: { shape: h.shape, data: Array.from(h.data, (_, k) => h.data[k % d] ?? 0) } };
    }),
  },
  {
    id: 'rbm/energy-position',
    says: 'a term by the number of the unit',
    killedBy: ['rbm/energy', 'rbm/unit-order'],
    plant: at('rbm.rbm.energy', (args, original) => {
      const v = rowsOf(plain(args, 'v'));
      const answer = now(original, args);
      const energy = plain(answer, 'energy');
      return { energy: { shape: energy.shape, data: Array.from(energy.data, (e, r) => e - (v[r]?.at(-1) ?? 0) / 8) } };
    }),
  },
  {
    id: 'rbm/weights-by-columns',
    says: 'reads the weights in the layout [hidden, visible]',
    killedBy: [
      'rbm/hidden-given',
      'rbm/unit-order',
      'rbm/duality',
      'rbm/stationary',
      'rbm/detailed-balance',
      'rbm/likelihood-gradient',
    ],
    plant: misread('hidden_given', scrambled),
  },
  {
    id: 'rbm/visible-by-columns',
    says: 'p(v | h) with the matrix on the wrong side',
    killedBy: ['rbm/visible-given', 'rbm/duality', 'rbm/stationary', 'rbm/cd-tends-to-likelihood'],
    plant: misread('visible_given', scrambled),
  },
  {
    id: 'rbm/hidden-without-bias',
    says: 'p(h | v) without c',
    killedBy: ['rbm/hidden-given', 'rbm/no-weights', 'rbm/likelihood-gradient', 'rbm/stationary'],
    plant: misread('hidden_given', (a) => zeroed(a, 'c')),
  },
  {
    id: 'rbm/visible-without-bias',
    says: 'p(v | h) without b',
    killedBy: ['rbm/visible-given', 'rbm/no-weights', 'rbm/stationary', 'rbm/detailed-balance'],
    plant: misread('visible_given', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/visible-mean-bias',
    says: 'p(v | h) with the mean of the biases',
    killedBy: ['rbm/visible-given', 'rbm/no-weights', 'rbm/cd-tends-to-likelihood'],
    plant: misread('visible_given', (a) => {
      const b = plain(a, 'b');
      const mean = Array.from(b.data).reduce((s, x) => s + x, 0) / b.data.length + 1 / 8;
      return { ...a, b: { shape: b.shape, data: Array.from(b.data, () => mean) } };
    }),
  },
  {
    id: 'rbm/hidden-of-rounded',
    says: 'takes shares for bits',
    killedBy: ['rbm/hidden-given'],
    plant: misread('hidden_given', (a) => rounded(a, 'v')),
  },
  {
    id: 'rbm/visible-of-rounded',
    says: 'takes the probabilities of hidden units for samples',
    killedBy: ['rbm/visible-given'],
    plant: misread('visible_given', (a) => rounded(a, 'h')),
  },
  {
    id: 'rbm/hidden-off-by-hair',
    says: 'p(h | v) wrong in the 13th digit',
    killedBy: ['rbm/hidden-given', 'rbm/no-weights'],
    plant: changed('rbm.rbm.hidden_given', 'p', (p) => p * (1 + 2 ** -43)),
  },
  {
    id: 'rbm/visible-as-logit',
    says: 'the argument of σ for its value',
    killedBy: ['rbm/visible-given'],
    plant: changed('rbm.rbm.visible_given', 'p', (p) => Math.log(p / (1 - p))),
  },
  {
    id: 'rbm/temperature',
    says: 'p(h | v) at half the temperature',
    killedBy: ['rbm/hidden-given', 'rbm/stationary', 'rbm/no-weights'],
    plant: changed('rbm.rbm.hidden_given', 'p', (p) => sigma(2 * Math.log(p / (1 - p)))),
  },
  {
    id: 'rbm/free-energy-sign',
    says: 'log Σ e^(−E) without its minus sign',
    killedBy: ['rbm/free-energy', 'rbm/partition-both-sides', 'rbm/idle-hidden-unit'],
    plant: changed('rbm.rbm.free_energy', 'energy', (e) => -e),
  },
  {
    id: 'rbm/free-energy-without-bias',
    says: 'the free energy without b·v',
    killedBy: ['rbm/free-energy', 'rbm/partition-both-sides', 'rbm/no-hidden-units'],
    plant: misread('free_energy', (a) => zeroed(a, 'b')),
  },
  {
    id: 'rbm/free-energy-overflows',
    says: 'softplus as log(1 + exp)',
    killedBy: ['rbm/free-energy'],
    plant: at('rbm.rbm.free_energy', (args) => {
      const m = machineOf(args);
      const data = rowsOf(plain(args, 'v')).map((v) => {
        const linear = v.reduce((s, x, i) => s + x * (m.b[i] ?? 0), 0);
        const soft = m.c.map((x, j) =>
          Math.log(1 + Math.exp(m.w.reduce((s, row, i) => s + (v[i] ?? 0) * (row[j] ?? 0), x))),
        );
        return -linear - soft.reduce((a, s) => a + s, 0);
      });
      return { energy: { shape: [data.length], data } };
    }),
  },
  {
    id: 'rbm/free-energy-relu',
    says: 'the largest term for the sum',
    killedBy: ['rbm/free-energy', 'rbm/idle-hidden-unit'],
    plant: at('rbm.rbm.free_energy', (args) => {
      const m = machineOf(args);
      const data = rowsOf(plain(args, 'v')).map((v) => {
        const linear = v.reduce((s, x, i) => s + x * (m.b[i] ?? 0), 0);
        return m.c.reduce(
          (s, x, j) =>
            s -
            Math.max(
              0,
              m.w.reduce((t, row, i) => t + (v[i] ?? 0) * (row[j] ?? 0), x),
            ),
          -linear,
        );
      });
      return { energy: { shape: [data.length], data } };
    }),
  },
  {
    id: 'rbm/unnormalised',
    says: 'log p(v) without log Z',
    killedBy: ['rbm/likelihood', 'rbm/stationary', 'rbm/no-weights', 'rbm/no-hidden-units', 'rbm/likelihood-gradient'],
    plant: at('rbm.rbm.log_likelihood', (args, original) => {
      const answer = plain(now(original, args), 'logp');
      const zero =
        plain(
          now(original, {
            ...args,
            v: { shape: [1, plain(args, 'b').shape[0] ?? 1], data: Array.from(plain(args, 'b').data, () => 0) },
          }),
          'logp',
        ).data[0] ?? 0;
      return { logp: { shape: answer.shape, data: Array.from(answer.data, (x) => x - zero) } };
    }),
  },
  {
    id: 'rbm/partition-without-bias',
    says: 'log Z of the machine without c',
    killedBy: ['rbm/likelihood', 'rbm/partition-both-sides', 'rbm/idle-hidden-unit'],
    plant: at('rbm.rbm.log_likelihood', (args, original) => {
      const own = Array.from(plain(now(original, args), 'logp').data);
      const { c, ...rest } = args;
      const m = machineOf(args);
      // what c adds to the free energies stays, what it adds to Z goes
      const bare = Array.from(plain(now(original, zeroed({ ...rest, c }, 'c')), 'logp').data);
      const free = (x: Machine, v: Row): number =>
        x.c.reduce(
          (s, y, j) => s + Math.log1p(Math.exp(x.w.reduce((t, row, i) => t + (v[i] ?? 0) * (row[j] ?? 0), y))),
          0,
        );
      const rows = rowsOf(plain(args, 'v'));
      const none = { ...m, c: m.c.map(() => 0) };
      return {
        logp: { shape: [own.length], data: bare.map((x, r) => x + free(m, rows[r] ?? []) - free(none, rows[r] ?? [])) },
      };
    }),
  },
  {
    id: 'rbm/likelihood-per-unit',
    says: 'log p(v) divided by the number of visible units',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent', 'rbm/partition-both-sides'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x, _i, args) => x / (plain(args, 'b').data.length + 1)),
  },
  {
    id: 'rbm/likelihood-base-2',
    says: 'log p(v) in bits',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent', 'rbm/no-hidden-units'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x) => x / Math.LN2),
  },
  {
    id: 'rbm/likelihood-negated',
    says: 'the loss for the likelihood',
    killedBy: ['rbm/likelihood', 'rbm/likelihood-ascent'],
    plant: changed('rbm.rbm.log_likelihood', 'logp', (x) => -x),
  },
  {
    id: 'rbm/likelihood-by-position',
    says: 'a log-likelihood that depends on the number of the unit',
    killedBy: ['rbm/unit-order', 'rbm/gauge-flip', 'rbm/likelihood'],
    plant: changed(
      'rbm.rbm.log_likelihood',
      'logp',
      (x, i, args) => x + (plain(args, 'v').data[i * plain(args, 'b').data.length] ?? 0) / 64,
    ),
  },
];

export const rbmMutants: readonly Mutant[] = [...stateMutants, ...chainMutants, ...machineTrainingMutants];
