// The parts of the live page that need no browser: settings, trainings, lessons, and what is drawn before it is drawn.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ACTIVATIONS, INITIALIZERS, OPTIMIZERS, optimizerRow } from '../index.ts';
import { type Experiment, experimentOf, SIDE, type Snapshot, TILE, TILES } from './experiment.ts';
import { LESSONS } from './lessons.ts';
import { PLANES } from './planes.ts';
import {
  accuracyChart,
  CHART,
  contour,
  gradientShare,
  lossChart,
  type Moment,
  notes,
  remember,
  short,
  signalSpan,
  told,
} from './scene.ts';
import {
  changed,
  fromFragment,
  type Given,
  NAMES,
  plain,
  readAs,
  SETTINGS,
  type SettingRow,
  settingsOf,
  toFragment,
} from './settings.ts';

const made = (given: Given, compiled = true): Experiment => experimentOf(settingsOf(given), compiled);
const seenAfter = (given: Given, steps: number, compiled = true): Snapshot => {
  const experiment = made(given, compiled);
  experiment.advance(steps);
  return experiment.snapshot();
};
const lesson = (title: string): Given => {
  const found = LESSONS.find((l) => l.title === title);
  if (found === undefined) throw new Error(`there is no lesson called ${title}`);
  return found.given;
};

describe('settings', () => {
  const given: Given = { data: 'moons', noise: 0.25, depth: 3, optimizer: 'sgd', lr: 0.5, batchNorm: 1, seed: 7 };

  test('an address says what differs from what is usual, and gives it back', () => {
    expect(toFragment(given)).toBe('data=moons&noise=0.25&seed=7&depth=3&batchNorm=1&optimizer=sgd&lr=0.5');
    expect(fromFragment(`#${toFragment(given)}`)).toEqual({ given, refusals: [] });
    expect(toFragment({ data: 'xor', lr: 0.001 })).toBe(''); // xor and the rate of Adam are usual
    expect(fromFragment('')).toEqual({ given: {}, refusals: [] });
  });

  test('what is usual follows from what is chosen', () => {
    expect(settingsOf({ data: 'spirals' }).noise).toBe(PLANES.spirals?.noise);
    for (const optimizer of Object.keys(OPTIMIZERS))
      expect(settingsOf({ optimizer }).lr).toBe(optimizerRow(optimizer).hyper.lr);
    expect(changed(given, 'optimizer', 'adam').lr).toBeUndefined();
    expect(changed(given, 'data', 'spirals')).not.toHaveProperty('noise');
    expect(changed(given, 'depth', 4)).toEqual({ ...given, depth: 4 });
    expect(plain({ ...given, depth: 1 })).not.toHaveProperty('depth');
  });

  test('the lists are the tables of the engine', () => {
    const listed = (row: SettingRow) => (row.kind === 'choice' ? row.choices.map((c) => c.value) : []);
    expect(listed(SETTINGS.activation)).toEqual(ACTIVATIONS);
    expect(listed(SETTINGS.init)).toEqual(Object.keys(INITIALIZERS));
    expect(listed(SETTINGS.optimizer)).toEqual(Object.keys(OPTIMIZERS));
  });

  test('what means nothing is refused with a sentence, and the rest is kept', () => {
    const { given: kept, refusals } = fromFragment('data=mons&depth=99&colour=red&width=2.5&lr=fast&samples=&seed=3');
    expect(kept).toEqual({ seed: 3 });
    expect(refusals).toEqual([
      expect.stringMatching(/^problem: no row is called "mons".*did you mean "moons"\?$/),
      'depth: must be a whole number from 0 to 20, got 99',
      expect.stringMatching(/^setting: no row is called "colour"/),
      'width: must be a whole number from 1 to 64, got 2.5',
      'lr: must be a number, got fast',
      'samples: must be a whole number from 2 to 1000, got nothing',
    ]);
    expect(() => readAs('batchNorm', '2')).toThrow('batchNorm: must be a whole number from 0 to 1, got 2');
    expect(NAMES.every((name) => SETTINGS[name].doc.length > 5)).toBe(true);
  });

  test('ranges of the engine are the engine’s to refuse', () => {
    expect(() => made({ lr: -1 })).toThrow('adam: lr must lie in [0, ');
    expect(() => made({ dropRate: 2 })).toThrow(/^dropout: .*got 2/);
    expect(() => made({ l2: -1 }).advance(1)).toThrow('regulariser: l2 must be finite and not negative, got -1');
    expect(() => made({ samples: 4, batch: 3, batchNorm: 1 }).advance(2)).toThrow(/batch of at least 2, got 1/);
  });
});

describe('data', () => {
  for (const [name, { frame, noise, draw }] of Object.entries(PLANES))
    test(`${name} lies in its frame, in two classes, and is new in the test`, () => {
      const { parts } = made({ data: name, samples: 400 }, false);
      for (const { x, y } of [parts.train, parts.test]) {
        const outside = x.toArray().filter((v, i) => Math.abs(v - (frame.centre[i % 2] as number)) > frame.reach);
        expect(outside.length).toBeLessThan(20);
        expect(new Set(y.toArray())).toEqual(new Set([0, 1]));
      }
      expect(parts.train.x.toArray()).not.toEqual(parts.test.x.toArray());
      const again = draw([1, 2], 8, noise);
      expect(draw([1, 2], 8, noise).x.toArray()).toEqual(again.x.toArray());
    });
});

describe('trainings', () => {
  const small: Given = { samples: 10, width: 3, batch: 4 };
  for (const activation of ACTIVATIONS)
    test(`${activation} starts`, () =>
      expect(seenAfter({ ...small, activation }, 2, false).train.loss).toBeGreaterThan(0));
  for (const init of Object.keys(INITIALIZERS))
    test(`${init} starts`, () => expect(seenAfter({ ...small, init }, 2, false).train.loss).toBeGreaterThan(0));
  for (const optimizer of Object.keys(OPTIMIZERS))
    test(`${optimizer} starts, and moves`, () => {
      const experiment = made({ ...small, optimizer });
      const weights = () => experiment.training().variables.params[0]?.w?.toArray();
      const before = weights();
      experiment.advance(3);
      expect(experiment.k()).toBe(3);
      expect(weights()).not.toEqual(before);
      expect(weights()?.every(Number.isFinite)).toBe(true);
    });

  for (const given of [
    { samples: 4, noise: 0 },
    { data: 'moons', samples: 50, depth: 2, batchNorm: 1, dropRate: 0.25, l2: 0.01, activation: 'gelu' },
    { data: 'blobs', samples: 50, batch: 16, depth: 0, optimizer: 'scheduleFreeSgd' },
  ] satisfies readonly Given[])
    test(`compiled and operation by operation are the same bits: ${toFragment(given)}`, () => {
      const [one, two] = [seenAfter(given, 9, true), seenAfter(given, 9, false)];
      expect(one).toEqual(two);
      expect(one.k).toBe(9);
    });

  test('one step and another are two at once', () => {
    const one = made({ batch: 16 });
    one.advance(1);
    one.advance(4);
    expect(one.snapshot()).toEqual(seenAfter({ batch: 16 }, 5));
  });

  test('the seed decides', () => {
    expect(seenAfter({ seed: 2 }, 3)).toEqual(seenAfter({ seed: 2 }, 3));
    expect(seenAfter({ seed: 2 }, 3).train.loss).not.toBe(seenAfter({ seed: 3 }, 3).train.loss);
  });

  test('a picture has a number for each point, and the field is what accuracy is judged by', () => {
    const { field, tiles, layers } = seenAfter({ depth: 2, width: 12, samples: 4, noise: 0 }, 300);
    expect([field.length, tiles.length]).toEqual([SIDE * SIDE, 2 * TILES * TILE * TILE]);
    expect(layers.map((l) => [l.place, l.units])).toEqual([
      [1, 12],
      [2, 12],
      [0, 1],
    ]);
    const at = (x: number, y: number): number =>
      field[Math.round(y * (SIDE - 1)) * SIDE + Math.round(x * (SIDE - 1))] as number;
    expect([at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)].map(Math.round)).toEqual([1, 0, 0, 1]);
  });
});

describe('lessons show what they say', () => {
  test('one line cannot do XOR, and can do AND and OR', () => {
    const given = lesson('One line cannot do XOR');
    expect(seenAfter(given, 3000).train.accuracy).toBeLessThan(1);
    expect(seenAfter(given, 3000).train.loss).toBeCloseTo(Math.LN2, 6);
    for (const data of ['and', 'or']) expect(seenAfter({ ...given, data }, 3000).train.accuracy).toBe(1);
  });

  test('two lines can, and one unit cannot', () => {
    expect(seenAfter(lesson('Two lines can'), 1000).train.accuracy).toBe(1);
    expect(seenAfter({ ...lesson('Two lines can'), width: 1 }, 3000).train.accuracy).toBeLessThan(1);
  });

  test('zeros keep eight units one, and a random beginning does not', () => {
    const given = lesson('Zeros never break symmetry');
    const { layers } = seenAfter(given, 200);
    expect(layers.map((l) => l.distinct)).toEqual([1, 1, null]);
    expect(layers[0]?.gradient).toBe(0);
    expect(notes(layers[0] as NonNullable<(typeof layers)[0]>)).toContain('1 kind among 8 units');
    expect(seenAfter({ ...given, init: 'xavierNormal' }, 200).layers[0]?.distinct).toBe(8);
  });

  test('deep sigmoids vanish, and both cures work', () => {
    const ill = seenAfter(lesson('Deep sigmoids vanish'), 600);
    expect(ill.layers[0]?.verdict).toBe('vanishing');
    expect(told(ill)).toContain('; gradients vanishing in 1, 2,');
    expect(ill.train.accuracy).toBeLessThan(0.6);
    for (const title of ['The cure: He and ReLU', 'The cure: batch norm']) {
      const well = seenAfter(lesson(title), 1000);
      expect(well.layers.every((l) => l.verdict === 'healthy')).toBe(true);
      expect(well.test.accuracy).toBeGreaterThan(0.9);
    }
  });

  test('too large a rate leaps, and a hundredth of it does not', () => {
    const most = (given: Given): number => {
      const experiment = made(given);
      return Math.max(
        ...Array.from({ length: 20 }, () => {
          experiment.advance(20);
          return experiment.snapshot().train.loss;
        }),
      );
    };
    const given = lesson('Too large a learning rate');
    expect(most(given)).toBeGreaterThan(5);
    expect(most({ ...given, lr: (given.lr ?? 0) / 100 })).toBeLessThan(0.7);
  });

  for (const seed of [1, 2])
    test(`many units learn noise by heart, and dropout is against it: seed ${seed}`, () => {
      const given = { ...lesson('Overfitting'), seed };
      const early = seenAfter(given, 100);
      const late = seenAfter(given, 1000);
      const dropped = seenAfter({ ...lesson('Dropout against it'), seed }, 1000);
      expect(late.train.loss).toBeLessThan(early.train.loss);
      expect(late.test.loss).toBeGreaterThan(early.test.loss);
      expect(dropped.test.loss).toBeLessThan(late.test.loss);
    });

  test('each is an address of its own', () => {
    const addresses = LESSONS.map((l) => toFragment(l.given));
    expect(new Set(addresses).size).toBe(LESSONS.length);
    LESSONS.forEach(({ given }, i) => {
      expect(fromFragment(addresses[i] ?? '').given).toEqual(plain(given));
    });
  });
});

describe('the scene', () => {
  test('the boundary of a plane is a straight line, closed rings are closed, and what is no number has none', () => {
    const across = Array.from({ length: 25 }, (_, i) => (i % 5) / 4);
    const line = contour(across, 5, 0.4);
    expect(line).toHaveLength(4);
    for (const [x1, , x2] of line) expect([x1, x2]).toEqual([expect.closeTo(1.6, 12), expect.closeTo(1.6, 12)]);
    const ring = contour(
      Array.from({ length: 49 }, (_, i) => Math.hypot((i % 7) - 3, Math.floor(i / 7) - 3)),
      7,
      1.7,
    );
    const ends = ring.flatMap(([x1, y1, x2, y2]) => [
      `${x1.toFixed(9)},${y1.toFixed(9)}`,
      `${x2.toFixed(9)},${y2.toFixed(9)}`,
    ]);
    for (const end of ends) expect(ends.filter((e) => e === end)).toHaveLength(2);
    for (const [x, y] of ring) expect(Math.hypot(x - 3, y - 3)).toBeCloseTo(1.7, 0);
    expect(
      contour(
        across.map(() => Number.NaN),
        5,
        0.5,
      ),
    ).toEqual([]);
  });

  test('a history stays short, begins at its first moment and ends at its last', () => {
    let history: readonly Moment[] = [];
    for (let k = 0; k < 20_000; k++) history = remember(history, { k, train: 1 / (1 + k), test: 1 });
    expect([history[0]?.k, history.at(-1)?.k]).toEqual([0, 19_999]);
    expect(history.length).toBeGreaterThan(200);
    expect(history.length).toBeLessThan(800);
    const { train, y } = lossChart(history);
    expect(train).toMatch(/^M36\.0 8\.0L/);
    expect(y.map((t) => t.text)).toEqual(['1', '0.01', '1e−4']);
    expect(accuracyChart(history).y.map((t) => t.at)).toEqual([CHART.height - CHART.bottom, 69, CHART.top]);
    expect(lossChart([{ k: 0, train: Number.NaN, test: Number.POSITIVE_INFINITY }]).train).toBe('');
  });

  test('bars and words', () => {
    expect([1e-10, 1e-4, 100, 1e9, 0, Number.NaN].map(gradientShare)).toEqual([0, 0.5, 1, 1, 0, 0]);
    expect(signalSpan({ mean: 0, deviation: 1.5 })).toEqual({ from: 0.25, to: 0.75, mean: 0.5 });
    expect(signalSpan({ mean: Number.NaN, deviation: 1 })).toEqual({ from: 0, to: 0, mean: 0 });
    expect([0.69, 0, 1.3e-8, -0.5, 1342, 123456, Number.NaN, -1 / 0].map((v) => short(v))).toEqual([
      '0.690',
      '0',
      '1.3e−8',
      '−0.500',
      '1342',
      '1.2e5',
      'not a number',
      '−∞',
    ]);
    expect([short(171, 2), short(0.0152, 2)]).toEqual(['171', '0.015']);
    expect(told(seenAfter({ samples: 4, noise: 0 }, 1))).toMatch(
      /^after 1 step: accuracy [\d.]+ % in training and .* loss [\d.]+ and [\d.]+$/,
    );
  });
});

describe('colours', () => {
  const css = readFileSync(new URL('live.css', import.meta.url), 'utf8');
  const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map((m) => m[1] ?? '');
  const rgb = (block: string, name: string): readonly number[] => {
    const text = block.match(new RegExp(`--${name}: ([^;]+);`))?.[1] ?? '';
    if (!text.startsWith('#')) return text.split(' ').map(Number);
    const full = text.length === 4 ? [...text.slice(1)].map((c) => c + c) : (text.slice(1).match(/../g) ?? []);
    return full.map((h) => Number.parseInt(h, 16));
  };
  /** @source WCAG 2.2, relative luminance and contrast ratio */
  const luminance = (channels: readonly number[]): number =>
    channels
      .map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((s, c, i) => s + c * ([0.2126, 0.7152, 0.0722][i] as number), 0);
  const contrast = (block: string, one: string, two: string): number => {
    const [a, b] = [luminance(rgb(block, one)), luminance(rgb(block, two))].sort((x, y) => y - x) as [number, number];
    return (a + 0.05) / (b + 0.05);
  };
  for (const [scheme, block] of Object.entries({ light, dark }))
    test(`text has a contrast of 4.5, curves and points of 3: ${scheme}`, () => {
      for (const [text, ground] of [
        ['ink', 'paper'],
        ['ink', 'page'],
        ['ink', 'field'],
        ['soft', 'paper'],
        ['soft', 'page'],
        ['on-accent', 'accent'],
      ] as const)
        expect(contrast(block, text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      for (const [mark, ground] of [
        ['zero-ink', 'paper'],
        ['one-ink', 'paper'],
        ['zero-ink', 'zero'],
        ['one-ink', 'one'],
        ['ink', 'middle'],
        ['bad', 'paper'],
        ['accent', 'paper'],
      ] as const)
        expect(contrast(block, mark, ground), `${mark} on ${ground}`).toBeGreaterThanOrEqual(
          ground === 'zero' || ground === 'one' ? 2.4 : 3,
        );
    });
});
