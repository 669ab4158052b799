// The instrument under test: every law holds for the harness, and harnesses with a planted fault are caught.
import { describe, expect, test } from 'vitest';
import { Tensor } from '../../src/index.ts';
import { leastLogistic } from './certificate.ts';
import { idOf, type RunConfig } from './config.ts';
import { ALPHA, type Harness, surprise } from './instrument/row.ts';
import { checkInstrument, HARNESS, INSTRUMENT } from './instrument.ts';
import { PROBLEMS } from './problems/index.ts';
import { cellsOf } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { runConfig } from './run.ts';
import { runSweep } from './sweep.ts';
import type { Trial } from './trial/pass.ts';

/** A number that depends on the optimizer. */
const mark = (config: RunConfig): number => config.optimizer.name.length;

type Begin = Trial['begin'];
/** Trials that begin otherwise. */
const begun =
  (other: (trial: Trial) => Begin): Harness['trial'] =>
  async (...args) => {
    const trial = await HARNESS.trial(...args);
    return { ...trial, begin: other(trial) };
  };
const startedBy = (other: (init: string) => string): Harness['trial'] =>
  begun(
    ({ begin }) =>
      (optimizer, init, lr) =>
        begin(optimizer, other(init), lr),
  );

/** Harnesses with one fault each, and the laws that must catch it. */
const MUTANTS: Readonly<Record<string, { readonly plant: Partial<Harness>; readonly killedBy: readonly string[] }>> = {
  'chooses on the reporting seeds': {
    plant: { cells: (p, known) => cellsOf({ ...p, tuningSeeds: p.seeds }, known) },
    killedBy: ['seeds/disjoint'],
  },
  'chooses on both': {
    plant: { cells: (p, known) => cellsOf({ ...p, tuningSeeds: [...p.tuningSeeds, ...p.seeds.slice(0, 1)] }, known) },
    killedBy: ['seeds/disjoint'],
  },
  'reports the seeds it has chosen on': {
    plant: { cells: (p, known) => cellsOf({ ...p, seeds: p.tuningSeeds }, known) },
    killedBy: ['seeds/disjoint'],
  },
  'draws everything by the optimizer too': {
    plant: {
      run: async (config) => ({
        ...(await runConfig({ ...config, seed: 10 * config.seed + mark(config) })),
        config,
        id: idOf(config),
      }),
    },
    killedBy: ['pairing/streams', 'pairing/batches'],
  },
  'draws by the optimizer and says that it does not': {
    plant: {
      run: async (config) => {
        const [told, made] = [
          await runConfig(config),
          await runConfig({ ...config, seed: 10 * config.seed + mark(config) }),
        ];
        return {
          ...made,
          config,
          id: told.id,
          streams: told.streams,
          losses: [told.losses[0] ?? 0, ...made.losses.slice(1)],
        };
      },
    },
    killedBy: ['pairing/batches'],
  },
  'starts by a key of the optimizer': {
    plant: {
      trial: async (name, seed, steps, variant) => {
        const trial = await HARNESS.trial(name, seed, steps, variant);
        const others = new Map<number, Awaited<ReturnType<Harness['trial']>>>();
        for (const n of [3, 4, 5]) others.set(n, await HARNESS.trial(name, 100 * seed + n, steps, variant));
        return {
          ...trial,
          begin: (optimizer, init, lr) => (others.get(optimizer.name.length) ?? trial).begin(optimizer, init, lr),
        };
      },
    },
    killedBy: ['pairing/draws', 'same/batches'],
  },
  'starts by a key of the initializer': {
    plant: {
      trial: async (name, seed, steps, variant) => {
        const trial = await HARNESS.trial(name, seed, steps, variant);
        const other = await HARNESS.trial(name, seed + 50, steps, variant);
        return {
          ...trial,
          begin: (optimizer, init, lr) => (init.startsWith('he') ? other : trial).begin(optimizer, init, lr),
        };
      },
    },
    killedBy: ['pairing/draws'],
  },
  'counts the runs that went well': {
    plant: {
      cells: (p, known) =>
        cellsOf(p, known).map((cell) => ({ ...cell, runs: cell.runs.filter((r) => r.status === 'ok') })),
    },
    killedBy: ['runs/none-dropped'],
  },
  'keeps no record of what diverged': {
    plant: {
      sweep: async (p, options) =>
        new Map([...(await runSweep(p, options))].filter(([, r]) => r.status !== 'diverged')),
    },
    killedBy: ['runs/none-dropped'],
  },
  'gives a diverged run the best loss that it had': {
    plant: {
      run: async (config) => {
        const record = await runConfig(config);
        return { ...record, finalLoss: Math.min(record.finalLoss, record.losses[0] ?? record.finalLoss) };
      },
    },
    killedBy: ['runs/none-dropped'],
  },
  'takes twice the rate': {
    plant: {
      run: (config) => runConfig({ ...config, lr: 2 * config.lr }),
      trial: begun(
        ({ begin }) =>
          (optimizer, init, lr) =>
            begin(optimizer, init, 2 * lr),
      ),
    },
    killedBy: [
      'same/rate',
      'descent/stability',
      'descent/optimal-gd',
      'descent/optimal-heavy-ball',
      'descent/constant-gradient',
      'curve/noisy-quadratic',
      'curve/saxe',
      'same/batches',
    ],
  },
  'is a step late': {
    plant: { run: (config) => runConfig({ ...config, steps: config.steps + 1 }) },
    killedBy: ['descent/optimal-gd', 'descent/constant-gradient'],
  },
  'takes Adam for AMSGrad': {
    plant: {
      run: (config) =>
        runConfig({
          ...config,
          optimizer: { ...config.optimizer, name: config.optimizer.name.replace('amsgrad', 'adam') },
        }),
    },
    killedBy: ['separation/reddi'],
  },
  'starts by Xavier where He is asked for': {
    plant: { trial: startedBy((init) => init.replace('he', 'xavier')) },
    killedBy: ['start/he-mean'],
  },
  'starts by orthonormal weights, which stretch nothing, where He is asked for': {
    plant: { trial: startedBy(() => 'orthogonal') },
    killedBy: ['start/he-mean', 'start/he-law'],
  },
  'starts by weights of one sign, so that no unit dies': {
    plant: { trial: startedBy(() => 'constant') },
    killedBy: ['start/dead-relu', 'start/he-law'],
  },
  'starts by uniform numbers where normal ones are asked for': {
    plant: { trial: startedBy((init) => init.replace('Normal', 'Uniform')) },
    killedBy: ['pairing/draws'],
  },
  'looks at the loss on the samples it has learnt from': {
    plant: {
      run: async (config) => {
        const r = await runConfig(config);
        return { ...r, testLoss: r.bestLoss - 0.05 };
      },
    },
    killedBy: ['floor/label-noise'],
  },
  'leaves the ridge out of the loss': {
    plant: {
      run: async (config): Promise<RunRecord> => {
        const r = await runConfig(config);
        return { ...r, losses: r.losses.map((loss) => loss - 0.03) };
      },
    },
    killedBy: ['floor/logistic'],
  },
  'breaks the symmetry': {
    plant: {
      run: (config) =>
        runConfig({ ...config, initializer: config.initializer === 'zeros' ? 'normal' : config.initializer }),
    },
    killedBy: ['start/zeros'],
  },
};

const row = (id: string) => INSTRUMENT.filter((r) => r.id === id);

describe('the instrument', () => {
  test.each(INSTRUMENT.map((law) => [law.id, law] as const))('%s holds', async (id, law) => {
    const seen: unknown[] = [];
    const [verdict] = await checkInstrument((progress) => seen.push(progress), HARNESS, [law]);
    expect(verdict, verdict?.detail).toMatchObject({ id, ok: true });
    expect(seen).toEqual([{ done: 1, total: 1, label: id }]);
  });

  test.each(Object.entries(MUTANTS))('a harness that %s is caught', async (_, { plant, killedBy }) => {
    const harness = { ...HARNESS, ...plant };
    for (const id of killedBy) {
      const rows = row(id);
      expect(rows.length, id).toBe(1);
      const [verdict] = await checkInstrument(() => {}, harness, rows);
      expect(verdict, `${id} must catch it: ${verdict?.detail}`).toMatchObject({ ok: false });
    }
  });

  test('every law catches some fault', () => {
    const caught = new Set(Object.values(MUTANTS).flatMap(({ killedBy }) => killedBy));
    expect(INSTRUMENT.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
    expect(new Set(INSTRUMENT.map(({ id }) => id)).size).toBe(INSTRUMENT.length);
  });

  test('surprise is the chance shared among the looks, on two sides', () => {
    expect(Math.exp(-surprise(1))).toBeCloseTo(ALPHA / 2, 18);
    expect(surprise(10)).toBeGreaterThan(surprise(1));
  });
});

describe('the optimum of logistic regression', () => {
  test.each(['logistic', 'logisticSynthetic'] as const)(
    '%s: the floor is what Newton’s method certifies',
    async (name) => {
      const problem = PROBLEMS[name];
      const { train } = await problem.data([0, 0]);
      const { value, slope } = leastLogistic(train, 1e-3);
      expect(slope).toBeLessThan(1e-12);
      expect(Math.abs(value - (problem.floor?.value ?? Number.NaN))).toBeLessThan(1e-13); // sums of 569 terms of about 0.1
    },
  );

  test('of one feature it is where the slope vanishes; of numbers that are none there is none', () => {
    const data = { x: Tensor.from([4, 1], [-1, -1, 1, 1]), y: Tensor.from([4, 1], [0, 1, 1, 1]) };
    const least = leastLogistic(data, 0.5);
    const [w = 0, b = 0] = least.weights;
    const p = (x: number) => 1 / (1 + Math.exp(-w * x - b));
    expect((p(1) - 1) / 2 + (p(-1) - 1 / 2) / 2).toBeCloseTo(0, 12);
    expect((p(1) - 1) / 2 - (p(-1) - 1 / 2) / 2 + w / 2).toBeCloseTo(0, 12);
    expect(() => leastLogistic({ ...data, y: Tensor.from([4, 1], [0, Number.NaN, 1, 1]) }, 1)).toThrow('no optimum');
  });
});
