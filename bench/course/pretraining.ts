// Chapter 8, the last part: a deep stack of sigmoids that does not learn from where it begins, and does after Boltzmann machines.
import { accuracyOn, type Data, keyOf, mlp, oneHot, pretrained, startFrom, type Training } from '../../src/index.ts';
import { digitShares } from '../data.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { learn, setupOf, startOf } from './train.ts';

const CLASSES = 10;
const [EPOCHS, SIZE] = [5, 16] as const;
const HIDDEN = [48, 48, 48] as const;
const MACHINES = { epochs: 5, lr: 0.2 } as const;
/** Fewer than elsewhere, since machines take their time; nine still reach the level of the tests, two of them corrected. */
const FEW = SEEDS.slice(0, 9);
/** Above what a guess reaches, and below what learning does. */
const LEARNT = 0.5;

const setupWith = (init: string) =>
  setupOf({ layers: mlp([...HIDDEN, CLASSES], 'sigmoid', init), loss: 'softmaxCrossEntropy' }, 'sgd', { lr: 0.5 });
type Setup = ReturnType<typeof setupWith>;

/** How a stack begins, from samples and a seed. */
export interface Beginning {
  readonly name: string;
  readonly init: string;
  readonly from: (setup: Setup, data: Data, seed: number) => Training;
}
const plain = (name: string, init: string): Beginning => ({
  name,
  init,
  from: (setup, data, seed) => startOf(setup, seed, data),
});
export const BEGINNINGS: readonly Beginning[] = [
  plain('zeros', 'zeros'),
  plain('Xavier', 'xavierNormal'),
  {
    name: 'Boltzmann machines',
    init: 'zeros',
    from: (setup, { x }, seed) => {
      const { variables } = setup.model.network.init(keyOf(seed), x.shape.slice(1));
      return startFrom(setup, keyOf(0), pretrained(setup.model, variables, x, keyOf(seed), 'rbm', MACHINES));
    },
  },
];

const encoded = ({ x, y }: Data): Data => ({ x, y: oneHot(y, CLASSES) });

export const rescuedByMachines = async (
  say: Say,
  beginnings: readonly Beginning[] = BEGINNINGS,
  seeds = FEW,
): Promise<Findings> => {
  const parts: { readonly train: Data; readonly test: Data }[] = [];
  for (const seed of seeds) {
    const { train, test } = await digitShares(keyOf(seed));
    parts.push({ train: encoded(train), test: encoded(test) });
  }
  const setups = beginnings.map((b) => setupWith(b.init));
  const all = await overSeeds(say, seeds, (seed) => {
    const { train, test } = parts[seed - 1] as (typeof parts)[number]; // seeds count from 1
    return beginnings.map((b, i) => {
      const setup = setups[i] as Setup; // one each
      const { training, losses } = learn(setup, b.from(setup, train, seed), train, {
        size: SIZE,
        epochs: EPOCHS,
        seed,
      });
      return { accuracy: accuracyOn(setup, training, test), losses };
    });
  });
  const of = (i: number) => all.map((runs) => runs[i] as (typeof runs)[number]); // one per beginning
  const wrong = (i: number): readonly number[] => of(i).map((r) => 1 - r.accuracy);
  const accuracies = beginnings.map((_, i) => of(i).map((r) => r.accuracy));
  const [zeros = [], xavier = [], machines = []] = accuracies;
  const samples = parts[0]?.train.x.shape[0] ?? 0;
  const steps = Math.floor(samples / SIZE);
  const perEpoch = (losses: readonly number[]): readonly number[] =>
    Array.from({ length: EPOCHS }, (_, e) =>
      losses.slice(e * steps, (e + 1) * steps).reduce((s, v) => s + v / steps, 0),
    );
  const says = (name: string, a: readonly number[]) =>
    number(`accuracy on held-out digits, ${name}, median`, 100 * median(a), '%');
  return {
    checks: [
      check(
        `from zeros and from Xavier no seed gets half of the digits right in ${EPOCHS} epochs`,
        [...zeros, ...xavier].every((a) => a < LEARNT),
        `at most ${(100 * Math.max(...zeros, ...xavier)).toFixed(1)} %`,
      ),
      check(
        'after Boltzmann machines every seed does',
        machines.every((a) => a > LEARNT),
        `at least ${(100 * Math.min(...machines)).toFixed(1)} %`,
      ),
      ...compared([
        { says: 'fewer digits are wrong than from zeros', lower: wrong(2), higher: wrong(0) },
        { says: 'and than from Xavier', lower: wrong(2), higher: wrong(1) },
      ]),
    ],
    numbers: beginnings.map((b, i) => says(b.name, accuracies[i] ?? [])),
    text: `A ${HIDDEN.length}-layer stack of sigmoids gets ${(100 * median(xavier)).toFixed(1)} % right from Xavier, ${(100 * median(zeros)).toFixed(1)} % from zeros, and ${(100 * median(machines)).toFixed(1)} % after Boltzmann machines`,
    chart: await chartOf(
      'rbm',
      'A deep stack of sigmoids, rescued by Boltzmann machines',
      `64–${HIDDEN.join('–')}–${CLASSES} on ${samples} digits, ${EPOCHS} epochs of descent, ${seeds.length} seeds`,
      'Training loss over epochs and accuracy on held-out digits from zeros, from Xavier, and after pre-training.',
      [
        lines({
          title: 'training loss, median',
          x: { title: 'epoch' },
          y: { title: 'loss (nats)', domain: [0, 2.6] },
          order: beginnings.map((b) => b.name),
          values: beginnings.flatMap((b, i) => {
            const curves = of(i).map((r) => perEpoch(r.losses));
            return Array.from({ length: EPOCHS }, (_, e) => ({
              series: b.name,
              x: e + 1,
              y: median(curves.map((c) => c[e] as number)),
            })); // one per epoch
          }),
          rules: [{ y: Math.log(CLASSES), text: 'log 10: a guess' }],
        }),
        dots(
          'accuracy on held-out digits',
          { title: 'share right', domain: [0, 1] },
          beginnings.map((b, i) => ({ name: b.name, values: accuracies[i] ?? [] })),
          [1 / CLASSES],
        ),
      ],
    ),
  };
};

export const pretrainingParts: readonly Part[] = [
  {
    id: 'rbm',
    title: 'Pre-training by Boltzmann machines',
    claim:
      'A deep stack of sigmoids that learns neither from zeros nor from Xavier learns after restricted Boltzmann machines, layer by layer.',
    source: 'Hinton, Osindero & Teh 2006; Hinton & Salakhutdinov 2006',
    run: (say) => rescuedByMachines(say),
  },
];
