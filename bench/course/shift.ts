// Chapter 12: internal covariate shift: how far the inputs of layers drift while a network trains, with and without batch norm.
import {
  type Data,
  drift,
  gradientShift,
  keyOf,
  type LayerSpec,
  oneHot,
  type Setup,
  signalMoments,
  takeData,
} from '../../src/index.ts';
import { digitShares } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines } from './panels.ts';
import { compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { deep, learn, setupOf, startOf } from './train.ts';

const [SAMPLES, PROBE, DEPTH, WIDTH, CLASSES] = [320, 128, 3, 24, 10] as const;
const [EPOCHS, SIZE] = [6, 32] as const;
const PLAIN = deep(DEPTH, WIDTH, CLASSES, { activation: 'tanh', init: 'xavierNormal' });
const NORMED = deep(DEPTH, WIDTH, CLASSES, { activation: 'tanh', init: 'xavierNormal', batchNorm: true });

const head = (data: Data, n: number): Data =>
  takeData(
    data,
    Array.from({ length: n }, (_, i) => i),
  );
const setupWith = (layers: readonly LayerSpec[]): Setup =>
  setupOf({ layers, loss: 'softmaxCrossEntropy' }, 'sgd', { lr: 0.3 });

/** Mean drift, over the layers that another one follows, of what leaves their activations; after every epoch. */
const drifting = (setup: Setup, seed: number, data: Data) => {
  const probe = head(data, PROBE);
  const places = setup.model.spec.layers.flatMap((l, i) => (l.type === 'activation' ? [i] : []));
  let training = startOf(setup, seed, data);
  const before = signalMoments(setup.model, training.variables, probe.x);
  const means: number[] = [];
  for (let epochs = 1; epochs <= EPOCHS; epochs++) {
    ({ training } = learn(setup, training, data, { size: SIZE, epochs, seed }));
    const moved = drift(before, signalMoments(setup.model, training.variables, probe.x));
    means.push(places.reduce((s, i) => s + (moved[i]?.mean ?? Number.NaN) / places.length, 0));
  }
  // of the layers behind the first, which have something before them that moves
  const cosines = gradientShift(setup, training, probe).flatMap((s) =>
    s.place === 0 || Number.isNaN(s.cosine) ? [] : [s.cosine],
  );
  return { means, last: means.at(-1) ?? Number.NaN, cosine: cosines.reduce((s, c) => s + c / cosines.length, 0) };
};

export const covariateShift = async (say: Say, normed: readonly LayerSpec[] = NORMED): Promise<Findings> => {
  const parts: Data[] = [];
  for (const seed of SEEDS) {
    const { x, y } = head((await digitShares(keyOf(seed))).train, SAMPLES);
    parts.push({ x, y: oneHot(y, CLASSES) });
  }
  const [without, within] = [setupWith(PLAIN), setupWith(normed)];
  const runs = await overSeeds(say, SEEDS, (seed) => {
    const data = parts[seed - 1] as Data; // seeds count from 1
    return { plain: drifting(without, seed, data), normed: drifting(within, seed, data) };
  });
  const [plain, norm] = [runs.map((r) => r.plain), runs.map((r) => r.normed)];
  const last = (all: typeof plain): readonly number[] => all.map((r) => r.last);
  const cosine = (all: typeof plain): number => median(all.map((r) => r.cosine));
  const curve = (series: string, all: typeof plain) =>
    Array.from({ length: EPOCHS }, (_, e) => ({ series, x: e + 1, y: median(all.map((r) => r.means[e] as number)) })); // one per epoch
  const names = ['without batch norm', 'with batch norm'] as const;
  return {
    checks: compared([
      {
        says: `after ${EPOCHS} epochs the means of what layers receive have drifted less with batch norm, in deviations of the start`,
        lower: last(norm),
        higher: last(plain),
      },
    ]),
    numbers: [
      number('drift without batch norm, median', median(last(plain)), 'deviations'),
      number('drift with batch norm, median', median(last(norm)), 'deviations'),
      number('cosine of a layer’s slope before and after the layers below moved, without, median', cosine(plain)),
      number('the same with batch norm, median', cosine(norm)),
    ],
    text: `The inputs of hidden layers drift by ${figure(median(last(plain)))} deviations without batch norm and by ${figure(median(last(norm)))} with it. After a step of the layers below, the slope of a layer keeps a cosine of ${figure(cosine(plain))} without and ${figure(cosine(norm))} with it`,
    chart: await chartOf(
      'covariate-shift',
      'Internal covariate shift',
      `64–${Array.from({ length: DEPTH }, () => WIDTH).join('–')}–${CLASSES} tanh on ${SAMPLES} digits, ${SEEDS.length} seeds; moments on the same ${PROBE} samples`,
      'Drift of the inputs of hidden layers over epochs, with and without batch normalisation, and by seed at the end.',
      [
        lines({
          title: 'drift of the mean, median',
          x: { title: 'epoch' },
          y: { title: 'deviations of the start' },
          order: names,
          dots: true,
          values: [...curve(names[0], plain), ...curve(names[1], norm)],
        }),
        dots('drift at the end', { title: 'deviations of the start' }, [
          { name: names[0], values: last(plain) },
          { name: names[1], values: last(norm) },
        ]),
      ],
    ),
  };
};

export const shiftParts: readonly Part[] = [
  {
    id: 'covariate-shift',
    title: 'Internal covariate shift',
    claim: 'While a network trains, the inputs of its layers drift, and with batch normalisation less.',
    source: 'Ioffe & Szegedy 2015, §2; Santurkar, Tsipras, Ilyas & Madry 2018',
    run: (say) => covariateShift(say),
  },
];
