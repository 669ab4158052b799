// What is concluded from records, under test: winners, ties, failures, edges and missing runs, with invented losses.
import { describe, expect, test } from 'vitest';
import { sweepAnswer } from './answer.ts';
import { inventedSweep, protocolOf } from './invented.ts';
import { summarise } from './summary.ts';
import { scoreOf } from './task.ts';

const INF = Number.POSITIVE_INFINITY;
/** Something that differs from seed to seed, alike for everyone. */
const luck = (seed: number): number => 1 + 0.1 * Math.sin(seed);

const summaryOf = async (protocol: ReturnType<typeof protocolOf>, lossOf: Parameters<typeof inventedSweep>[1]) =>
  summarise(protocol, await inventedSweep(protocol, lossOf));

describe('comparisons', () => {
  test('what always ends lower wins, by how much, and how sure', async () => {
    const protocol = protocolOf();
    const { comparisons, groups } = await summaryOf(
      protocol,
      ({ optimizer, seed }) => (optimizer.name === 'adam' ? 0.01 : 0.04) * luck(seed),
    );
    expect(comparisons).toMatchObject([
      { axis: 'optimizer', task: 'xor', at: 'heNormal', a: 'sgd', b: 'adam', verdict: 'b lower' },
    ]);
    const [{ paired }] = comparisons as [(typeof comparisons)[number]];
    expect(paired).toMatchObject({ aLower: 0, bLower: 10, ties: 0, p: 2 ** -9, pHolm: 2 ** -9 });
    expect(paired?.ratio.estimate).toBeCloseTo(0.25, 12);
    expect(paired?.probability.high).toBeCloseTo(1 - 0.025 ** 0.1, 12);
    const [group] = groups;
    expect(group?.standings.map(({ optimizer }) => optimizer)).toEqual(['adam', 'sgd']);
    expect(group?.standings[1]?.against?.ratio?.estimate).toBeCloseTo(4, 12);
    expect(group?.axes[0]?.duels).toMatchObject([{ a: 'sgd', b: 'adam', valid: 1, pairs: 1, verdict: 'b lower' }]);
  });

  test('three seeds can show nothing, and the answer says so', async () => {
    const protocol = protocolOf({ n: 3 });
    const summary = await summaryOf(protocol, ({ optimizer }) => (optimizer.name === 'adam' ? 1e-9 : 1));
    expect(summary.comparisons[0]?.verdict).toBe('not distinguishable');
    expect(summary.groups[0]?.axes[0]?.duels[0]?.verdict).toBe('not distinguishable');
    expect(sweepAnswer(summary).join('\n')).toMatch(
      /smallest p is 0.25; .* too much for the 1 comparison of optimizers, which take 6 seeds/,
    );
  });

  test('many comparisons ask for more than one', async () => {
    const of = (initializers: readonly string[]) =>
      summaryOf(
        protocolOf({ n: 7, initializers }),
        ({ optimizer, seed }) => (optimizer.name === 'adam' ? 0.01 : 0.04) * luck(seed),
      );
    const verdicts = ({ comparisons }: Awaited<ReturnType<typeof of>>) =>
      comparisons.filter(({ axis }) => axis === 'optimizer').map(({ verdict }) => verdict);
    // 2⁻⁶ once is below 0.05, and four times is not
    expect(verdicts(await of(['heNormal']))).toEqual(['b lower']);
    expect(verdicts(await of(['heNormal', 'heUniform', 'xavierNormal', 'xavierUniform']))).toEqual(
      Array(4).fill('not distinguishable'),
    );
  });

  test('many duels ask for more than one, over all problems too', async () => {
    const duelOf = async (optimizers: readonly string[]) => {
      const { groups } = await summaryOf(protocolOf({ n: 7, optimizers }), ({ optimizer, seed }) =>
        optimizer.name === 'adam' ? 0.01 : 0.04 * luck(seed) * optimizer.name.length,
      );
      return groups[0]?.axes[0]?.duels.find(({ a, b }) => a === 'sgd' && b === 'adam');
    };
    expect(await duelOf(['sgd', 'adam'])).toMatchObject({ verdict: 'b lower', p: 2 ** -6 });
    // of four names there are six pairs
    expect(await duelOf(['sgd', 'adam', 'momentum', 'rmsprop'])).toMatchObject({
      verdict: 'not distinguishable',
      p: 6 * 2 ** -6,
    });
  });

  test('a difference that is sure but on too few seeds is no win', async () => {
    // fourteen large wins and six tiny losses of twenty: p is small, 70 % are not enough
    const { comparisons, groups } = await summaryOf(protocolOf({ n: 20 }), ({ optimizer, seed }) =>
      optimizer.name === 'sgd' ? 0.02 : seed <= 14 ? 0.01 / seed : 0.02 + seed * 1e-5,
    );
    expect(comparisons[0]?.paired?.pHolm).toBeLessThan(1e-3);
    expect(comparisons[0]?.verdict).toBe('not distinguishable');
    expect(groups[0]?.axes[0]?.duels[0]?.verdict).toBe('not distinguishable');
  });

  test('an advantage on six of ten seeds is no win', async () => {
    const { comparisons } = await summaryOf(protocolOf(), ({ optimizer, seed }) =>
      optimizer.name === 'adam' ? 0.1 : seed <= 4 ? 0.01 : 0.2,
    );
    expect(comparisons[0]?.verdict).toBe('not distinguishable');
  });

  test('equal losses are the same, and nearly equal ones equivalent', async () => {
    const same = await summaryOf(protocolOf(), ({ seed }) => luck(seed) / 100);
    expect(same.comparisons[0]?.verdict).toBe('same');
    const near = await summaryOf(
      protocolOf(),
      ({ optimizer, seed }) => (luck(seed) / 100) * (optimizer.name === 'sgd' ? 1 + 0.004 * Math.sin(9 * seed) : 1),
    );
    expect(near.comparisons[0]?.verdict).toBe('equivalent');
  });

  test('where nothing is drawn the value decides, without a test', async () => {
    const { comparisons, cells } = await summaryOf(protocolOf({ problems: ['rosenbrock'] }), ({ optimizer }) =>
      optimizer.name === 'adam' ? 1e-3 : 1e-2,
    );
    expect(comparisons).toMatchObject([{ verdict: 'b lower', certain: true, at: 'given' }]);
    expect(cells.map(({ runs }) => runs.length)).toEqual([1, 1]);
  });

  test('initializers are compared under the same optimizer', async () => {
    const { comparisons } = await summaryOf(
      protocolOf({ initializers: ['zeros', 'heNormal'] }),
      ({ initializer, seed }) => (initializer === 'zeros' ? 0.69 : 0.01) * luck(seed),
    );
    const own = comparisons.filter(({ axis }) => axis === 'initializer');
    expect(own.map(({ at, a, b, verdict }) => [at, a, b, verdict])).toEqual([
      ['sgd', 'zeros', 'heNormal', 'b lower'],
      ['adam', 'zeros', 'heNormal', 'b lower'],
    ]);
  });
});

describe('failures', () => {
  test('a failed run counts against its cell and is told, wherever it is summed up', async () => {
    const summary = await summaryOf(protocolOf(), ({ optimizer, seed }) =>
      optimizer.name === 'adam' && seed > 4 ? INF : 0.01 * luck(seed),
    );
    const cell = summary.cells.find(({ optimizer }) => optimizer === 'adam');
    expect(cell?.metrics).toMatchObject({ failed: 6, reasons: { explode: 6 }, gap: { estimate: INF }, reached: 4 });
    expect(cell?.metrics?.finalLoss.q3).toBe(INF);
    expect(cell?.curve?.median.at(-1)).toBe(INF);
    expect(cell?.metrics?.failureRate.low).toBeGreaterThan(0.3);
    const [first, second] = summary.groups[0]?.standings ?? [];
    expect([first?.optimizer, second?.optimizer, second?.score?.estimate, second?.failed]).toEqual([
      'sgd',
      'adam',
      -INF,
      6,
    ]);
    expect(summary.runs).toEqual({ known: 20, missing: 0, failed: 6 });
    expect(sweepAnswer(summary).join('\n')).toContain('6 of the 20 runs reported failed');
  });

  test('leaving the failed runs out would be seen: the others are lower', async () => {
    const lossOf = (optimizer: string, seed: number): number =>
      (optimizer === 'adam' ? (seed > 3 ? INF : 1e-6) : 0.01) * luck(seed);
    const { comparisons } = await summaryOf(protocolOf(), ({ optimizer, seed }) => lossOf(optimizer.name, seed));
    expect(comparisons[0]?.paired).toMatchObject({ aLower: 7, bLower: 3 });
  });

  test('where every run of all fails there is no best', async () => {
    const summary = await summaryOf(protocolOf(), () => INF);
    expect(summary.comparisons[0]?.verdict).toBe('same');
    expect(sweepAnswer(summary)[0]).toContain('there is no best');
  });
});

describe('what cannot be said', () => {
  test('a rate on the edge makes a cell invalid: shown, compared as such, and not ranked', async () => {
    const protocol = protocolOf({ mode: 'rate' });
    const summary = await summaryOf(protocol, ({ optimizer, lr, seed }) =>
      optimizer.name === 'adam' ? 1e-3 / (1 + lr) : (0.1 + Math.abs(Math.log10(lr) + 1)) * luck(seed),
    );
    const adam = summary.cells.find(({ optimizer }) => optimizer === 'adam');
    expect([adam?.state, adam?.tuning?.status, adam?.runs.length]).toEqual(['invalid', 'edge', 10]);
    expect(summary.comparisons[0]?.verdict).toBe('invalid');
    expect(summary.groups[0]?.standings.map(({ optimizer, state }) => [optimizer, state])).toEqual([
      ['sgd', 'ranked'],
      ['adam', 'invalid'],
    ]);
    expect(sweepAnswer(summary).join('\n')).toMatch(
      /only \*\*sgd from heNormal\*\* can be ranked[\s\S]*edge of what was tried: adam from heNormal \(xor\)/,
    );
  });

  test('the tuned rate, its basin and what the default loses come from the tuning seeds', async () => {
    const { cells } = await summaryOf(protocolOf({ mode: 'rate', optimizers: ['sgd'] }), ({ lr, seed }) =>
      seed > 1000 ? 0.01 + Math.abs(Math.log10(lr / 0.1)) : 0.5,
    );
    expect(cells[0]).toMatchObject({ lr: 0.1, state: 'complete' });
    expect(cells[0]?.metrics?.defaultRegret).toBeCloseTo(1, 12);
    expect(cells[0]?.metrics?.basin).toEqual({ low: 0.1, high: 0.1, decades: 0, open: false });
  });

  test('missing runs leave a cell undecided, and the rest stands', async () => {
    const protocol = protocolOf({ optimizers: ['sgd', 'adam', 'momentum'] });
    const all = await inventedSweep(
      protocol,
      ({ optimizer, seed }) => (optimizer.name === 'sgd' ? 0.04 : 0.01) * luck(seed),
    );
    const some = new Map([...all].filter(([, { config }]) => config.optimizer.name !== 'adam' || config.seed < 5));
    const summary = await summarise(protocol, some);
    expect(summary.cells.map(({ state, missing }) => [state, missing])).toEqual([
      ['complete', 0],
      ['undecided', 6],
      ['complete', 0],
    ]);
    expect(summary.comparisons.map(({ a, b, verdict }) => [a, b, verdict])).toEqual([
      ['sgd', 'adam', 'undecided'],
      ['sgd', 'momentum', 'b lower'],
      ['adam', 'momentum', 'undecided'],
    ]);
    expect(sweepAnswer(summary)[0]).toContain('6 runs are missing');
    expect((await summarise(protocol, new Map())).cells.every(({ state }) => state === 'undecided')).toBe(true);
  });

  test('the order in which records came makes no difference', async () => {
    const protocol = protocolOf({ problems: ['xor', 'breastCancer'], initializers: ['zeros', 'heNormal'] });
    const all = await inventedSweep(
      protocol,
      ({ optimizer, initializer, seed }) => luck(seed) / (optimizer.name.length + initializer.length),
    );
    expect(await summarise(protocol, new Map([...all].reverse()))).toEqual(await summarise(protocol, all));
  });
});

describe('scores and budgets', () => {
  test('a score does not depend on who takes part, and orders losses', async () => {
    const few = await summaryOf(protocolOf({ optimizers: ['sgd'] }), ({ seed }) => 0.01 * luck(seed));
    const more = await summaryOf(protocolOf({ optimizers: ['sgd', 'adam'] }), ({ optimizer, seed }) =>
      optimizer.name === 'sgd' ? 0.01 * luck(seed) : 1e-9,
    );
    const scoreIn = ({ groups }: typeof few) =>
      groups[0]?.standings.find(({ optimizer }) => optimizer === 'sgd')?.score;
    expect(scoreIn(more)).toEqual(scoreIn(few));
    const [task] = few.tasks as [(typeof few.tasks)[number]];
    expect(task.start).toBeCloseTo(Math.LN2, 12);
    expect(scoreOf(task, task.start)).toBeCloseTo(0, 12);
    expect(scoreOf(task, task.target)).toBeCloseTo(1, 12);
    expect(scoreOf(task, INF)).toBe(-INF);
    expect(scoreOf({ ...task, start: task.target }, 0.1)).toBeNull();
  });

  test('every budget is a ranking of its own, and variants are tasks of their own', async () => {
    const protocol = protocolOf({ mode: 'budget', budgets: [1, 3, 4], n: 6, variants: [{}, { batchNorm: true }] });
    const summary = await summaryOf(
      protocol,
      ({ lr, seed, variant }) => (lr + (variant.batchNorm ? 0.1 : 0.2)) * luck(seed),
    );
    expect(summary.tasks.map(({ name }) => name)).toEqual(['xor', 'xor (batch norm)']);
    expect(summary.groups.map(({ kind, budget, tasks }) => [kind, budget, tasks.length])).toEqual([
      ['network', 1, 2],
      ['network', 3, 2],
      ['network', 4, 2],
    ]);
    const [one, three] = [1, 3].map((budget) => summary.cells.find((c) => c.budget === budget));
    expect(one?.lr).toBe(one?.defaultLr);
    expect(three?.draws.length).toBe(4);
    // where more tries choose the same configuration its runs count once
    const distinct = new Set(summary.cells.map((c) => JSON.stringify([c.task, c.optimizer, c.lr, c.hyper])));
    expect(summary.runs.known).toBe(6 * distinct.size);
    expect(distinct.size).toBeLessThan(summary.cells.length);
    expect(Math.min(...(three?.draws ?? []).map(({ loss }) => loss))).toBe(
      three?.draws.find(({ lr }) => lr === three.lr)?.loss,
    );
  });
});
