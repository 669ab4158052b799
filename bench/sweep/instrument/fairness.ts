// Laws of a fair comparison: paired draws, seeds to choose by and seeds to report, and no run that goes missing.
import type { OptimizerSpec } from '../../../src/index.ts';
import { idOf, type RunConfig } from '../config.ts';
import { GIVEN } from '../problem.ts';
import type { CellState, Protocol } from '../protocol.ts';
import type { RunRecord } from '../record.ts';
import { configOf, exact, gamma, type Harness, type InstrumentRow } from './row.ts';

const STEPS = 20;
const PAIRED = ['xor', 'moons', 'quadraticNoisy'] as const;
const RULES: readonly OptimizerSpec[] = [{ name: 'sgd' }, { name: 'adam' }];

/** Rules that are plain descent by other names. */
const PLAIN: readonly OptimizerSpec[] = [
  { name: 'sgd' },
  { name: 'momentum', hyper: { momentum: 0 } },
  { name: 'nesterov', hyper: { momentum: 0 } },
];

const protocolOf = (p: Partial<Protocol> & Pick<Protocol, 'mode' | 'optimizers'>): Protocol => ({
  schema: 1,
  problems: [{ name: 'quadraticNoisy', definition: '', steps: STEPS }],
  initializers: ['heNormal'],
  variants: [{}],
  tuningSeeds: [1001, 1002],
  seeds: [1, 2, 3],
  budgets: [2],
  ...p,
});

/** Runs a protocol by the harness alone; which runs were asked for while there was nothing chosen, and which after. */
const observed = async (h: Harness, protocol: Protocol) => {
  const known = new Map<string, RunRecord>();
  const tuning: RunConfig[] = [];
  const reporting: RunConfig[] = [];
  for (;;) {
    const cells = h.cells(protocol, known);
    const asked = cells.flatMap(({ chosen, missing }) => missing.map((run) => ({ run, chosen })));
    if (asked.length === 0) return { known, tuning, reporting, cells };
    for (const { run, chosen } of asked) {
      (chosen === null ? tuning : reporting).push(run);
      known.set(idOf(run), await h.run(run));
    }
  }
};

const choices = (cells: readonly CellState[]): string =>
  JSON.stringify(cells.map(({ chosen }) => ({ lr: chosen?.lr, hyper: chosen?.hyper })));

const configs = (name: string, seed: number): readonly RunConfig[] =>
  RULES.flatMap((rule) =>
    [0.01, 0.1].flatMap((lr) =>
      (name === 'quadraticNoisy' ? [GIVEN] : ['heNormal', 'xavierUniform']).map((initializer) =>
        configOf(name, rule, lr, STEPS, { seed, initializer }),
      ),
    ),
  );

export const fairnessRows: readonly InstrumentRow[] = [
  {
    id: 'seeds/disjoint',
    says: 'what is chosen is chosen on the tuning seeds alone: no run made to choose by has a seed that is reported, and no result on reported seeds moves the choice',
    source: 'Bouthillier et al. 2021, §3; the winner’s curse',
    check: async (h) => {
      const failures: string[] = [];
      for (const mode of ['rate', 'budget'] as const) {
        const protocol = protocolOf({ mode, optimizers: [{ name: 'sgd' }, { name: 'adam' }] });
        const { known, tuning, reporting, cells } = await observed(h, protocol);
        const wrong = tuning.find(({ seed }) => !protocol.tuningSeeds.includes(seed));
        if (wrong !== undefined) failures.push(`${mode}: a run to choose by has the seed ${wrong.seed}`);
        const other = reporting.find(({ seed }) => !protocol.seeds.includes(seed));
        if (other !== undefined) failures.push(`${mode}: a reported run has the seed ${other.seed}`);
        const shown = cells.find(({ runs }) => String(runs.map((r) => r.config.seed)) !== String(protocol.seeds));
        if (shown !== undefined)
          failures.push(`${mode}: the seeds reported are ${shown.runs.map((r) => r.config.seed)}`);
        // other results on the reported seeds, best where they were worst
        const turned = new Map(
          [...known].map(([id, record]) => [
            id,
            protocol.seeds.includes(record.config.seed)
              ? { ...record, finalLoss: -record.finalLoss * record.config.lr }
              : record,
          ]),
        );
        if (choices(h.cells(protocol, turned)) !== choices(cells))
          failures.push(`${mode}: results on reported seeds move the choice`);
      }
      return exact(failures, 'two modes, two optimizers: every choice is made without a reported seed');
    },
  },
  {
    id: 'pairing/streams',
    says: 'runs of one problem and seed share data and batches, and begin at one loss per initializer, whatever the optimizer and the rate',
    source: 'Bouthillier et al. 2021, §4 (paired comparison)',
    check: async (h) => {
      const failures: string[] = [];
      let runs = 0;
      for (const name of PAIRED)
        for (const seed of [1, 2]) {
          const records: RunRecord[] = [];
          for (const config of configs(name, seed)) records.push(await h.run(config));
          runs += records.length;
          if (new Set(records.map((r) => r.streams)).size !== 1) failures.push(`${name}, seed ${seed}: streams differ`);
          const starts = new Set(records.map((r) => `${r.config.initializer} ${r.losses[0]}`));
          const initializers = new Set(records.map((r) => r.config.initializer));
          if (starts.size !== initializers.size) failures.push(`${name}, seed ${seed}: first losses differ`);
        }
      return exact(failures, `${runs} runs of ${PAIRED.length} problems and two seeds`);
    },
  },
  {
    id: 'pairing/batches',
    says: 'rules that are plain descent by other names give the same losses bit for bit, so that all meet the same batches',
    source: 'Choi et al. 2019, §2 (inclusions)',
    check: async (h) => {
      const failures: string[] = [];
      for (const name of ['moons', 'quadraticNoisy'])
        for (const seed of [1, 2]) {
          const all: string[] = [];
          const initializer = name === 'moons' ? 'heNormal' : GIVEN;
          for (const rule of PLAIN)
            all.push(String((await h.run(configOf(name, rule, 0.05, STEPS, { seed, initializer }))).losses));
          if (new Set(all).size !== 1) failures.push(`${name}, seed ${seed}: ${new Set(all).size} different trainings`);
        }
      return exact(failures, `${PLAIN.length} names of plain descent, two problems, two seeds`);
    },
  },
  {
    id: 'pairing/draws',
    says: 'the weights of every normal initializer are the same standard normals times its scale, and those of a uniform one have their order',
    source: 'inversion of the same uniforms (Devroye 1986, §2.2)',
    check: async (h) => {
      const failures: string[] = [];
      for (const seed of [1, 2]) {
        const trial = await h.trial('moons', seed, 1);
        const weightsOf = (rule: string, init: string) =>
          trial
            .begin({ name: rule }, init, 0.1)
            .weights()
            .filter((w) => w.shape.length === 2);
        const reference = weightsOf('sgd', 'normal'); // scale 1: the draws themselves
        const ranks = (values: ArrayLike<number>) =>
          String(Array.from(values, (_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number)));
        for (const [rule, init, scale] of [
          ['adam', 'heNormal', (fanIn: number) => Math.sqrt(2 / fanIn)],
          ['adam', 'lecunNormal', (fanIn: number) => Math.sqrt(1 / fanIn)],
          ['sgd', 'xavierNormal', (fanIn: number, fanOut: number) => Math.sqrt(2 / (fanIn + fanOut))],
        ] as const)
          weightsOf(rule, init).forEach((w, layer) => {
            const [fanIn = 1, fanOut = 1] = w.shape;
            const by = scale(fanIn, fanOut);
            const z = reference[layer]?.view;
            const off = w
              .toArray()
              .findIndex((v, i) => !(Math.abs(v - by * (z?.[i] as number)) <= gamma(8) * Math.abs(v)));
            if (off >= 0) failures.push(`seed ${seed}, ${init}, layer ${layer}: weight ${off} is another draw`);
          });
        for (const init of ['xavierUniform', 'heTruncated'])
          weightsOf('adam', init).forEach((w, layer) => {
            if (ranks(w.view) !== ranks(reference[layer]?.view ?? []))
              failures.push(`seed ${seed}, ${init}, layer ${layer}: another order`);
          });
      }
      return exact(failures, 'three normal initializers and two bounded ones, two seeds, every weight');
    },
  },
  {
    id: 'runs/none-dropped',
    says: 'every run that is asked for has a record, and every cell counts all its seeds: diverged and refused runs as failures',
    source: 'Schmidt, Schneider & Hennig 2021, §2; Agarwal et al. 2021 (what averages over survivors hide)',
    check: async (h) => {
      const failures: string[] = [];
      const protocol = protocolOf({
        mode: 'defaults',
        problems: [
          { name: 'quadraticNoisy', definition: '', steps: STEPS },
          { name: 'xor', definition: '', steps: STEPS },
        ],
        // one that learns and one that diverges; and a start by Boltzmann machines, which tanh refuses
        optimizers: [{ name: 'sgd' }, { name: 'sgd', hyper: { lr: 1e4 } }],
        initializers: ['heNormal', 'rbm'],
      });
      const asked = new Set<string>();
      const known = await h.sweep(protocol, {
        runner: async (runs, done) => {
          for (const run of runs) {
            asked.add(idOf(run));
            done(await h.run(run));
          }
        },
      });
      const lost = [...asked].filter((id) => !known.has(id)).length;
      if (lost > 0) failures.push(`${lost} of ${asked.size} runs have no record`);
      const cells = h.cells(protocol, known);
      for (const { place, runs } of cells) {
        const seeds = runs.map((run) => run.config.seed);
        if (String(seeds) !== String(protocol.seeds))
          failures.push(`${place.problem}: ${runs.length} of ${protocol.seeds.length} seeds are counted`);
      }
      const all = [...known.values()];
      const count = (status: RunRecord['status']) => all.filter((r) => r.status === status).length;
      const soft = all.filter((r) => r.status !== 'ok' && r.finalLoss !== Number.POSITIVE_INFINITY).length;
      if (soft > 0) failures.push(`${soft} failed runs have a loss that is finite`);
      if (count('diverged') === 0 || count('error') === 0)
        failures.push(`runs must fail here, got ${count('diverged')} diverged and ${count('error')} refused`);
      return exact(
        failures,
        `${asked.size} runs: ${count('ok')} ok, ${count('diverged')} diverged, ${count('error')} refused; all counted`,
      );
    },
  },
];
