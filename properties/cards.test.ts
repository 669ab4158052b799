// Failure cards under test: of an engine that is wrong in exactly one place, the card names the place to a stranger.
import { describe, expect, test } from 'vitest';
import { storyOf } from '../src/cli/formats.ts';
import { replayOf } from '../src/cli/replay.ts';
import { LAWS } from './laws/index.ts';
import { PLACES } from './mutants/places.ts';
import home from './ports/home.ts';
import { type Check, verify } from './run.ts';

/** What a card must show, per place: the law that tells it best, and words by which the place is known. */
const CARDS: Readonly<Record<string, { readonly law: string; readonly words: readonly (string | RegExp)[] }>> = {
  'leaky_relu/slope-sign': {
    law: 'activation/derivative',
    words: ['[leaky_relu]', 'activation.leaky_relu.vjp', 'dx', 'what came is −1 times what was expected', /"data":\[-/],
  },
  'dense/bias-mean': {
    law: 'gradient/dense-rounding',
    words: ['layer.dense.vjp', 'db: expected', 'what came is 1/2 times what was expected'],
  },
  'softmax/without-max': {
    law: 'activation/softmax-shift',
    words: ['[softmax]', 'activation.softmax.forward', 'y of logits + 1024: expected 1', 'got NaN, which is no number'],
  },
  'batch_norm/eval-batch-mean': {
    law: 'batchnorm/eval-value',
    words: [
      'asks for   layer.batch_norm.eval\n',
      'made of the running statistics and of nothing in the batch',
      'y, element',
    ],
  },
  'adam/second-moment-uncorrected': {
    law: 'optimizer/memory-of-one-gradient',
    words: ['[adam]', 'optimizer.adam.run', 'v = (1 − β₂)·β₂ᵗ⁻¹·g²', 'after step 1'],
  },
  'dropout/scaled-by-rate': {
    law: 'dropout/values',
    words: ['asks for   layer.dropout.train\n', 'y = 0 where u < p, else x/(1 − p)', '"dropRate":'],
  },
  'xavier_uniform/fan-in-only': {
    law: 'initializer/fans',
    words: ['[xavier_uniform]', 'weights with fans swapped', '"fanIn":2,"fanOut":100'],
  },
  'bce/clips-probability': {
    law: 'loss/bce-nonnegative',
    words: ['[bce]', 'bce(1, 1) of a certain hit: expected 0', 'the port behaves as bce probability, bceClip 1e-7'],
  },
  'rbm/visible-bias': {
    law: 'rbm/no-hidden-units',
    words: ['rbm.rbm.free_energy', 'F of every row: expected -0.015625', 'got -0'],
  },
  'cosine/off-by-one': {
    law: 'schedule/ends',
    words: ['[cosine]', 'schedule.cosine.factor', 'factor at step 1: expected 1', '"steps":[1]'],
  },
  'network/l2-on-biases': {
    law: 'gradient/random-model',
    words: ['model.network.loss_and_grad', 'gradient of layer 0, dense: b: expected', '"l2":'],
  },
};

describe('an engine that is wrong in one place', () => {
  test('is there for each of the cards', () => {
    expect(PLACES.map((p) => p.id).sort()).toEqual(Object.keys(CARDS).sort());
    expect(PLACES.length).toBeGreaterThanOrEqual(10);
  });

  for (const place of PLACES)
    test(`${place.id} gives a card that names it`, async () => {
      const { law = '', words = [] } = CARDS[place.id] ?? {};
      const laws = LAWS.filter((l) => l.id === law);
      const port = place.plant(home);
      const checks: Check[] = [];
      for await (const c of verify(laws, port, { seed: 1 })) checks.push(c);
      const failed = checks.filter((c) => c.status === 'falsified');
      const [c] = failed;
      if (c === undefined) throw new Error(`${law} does not find ${place.id}`);
      // only what is wrong is accused
      expect(failed.map((f) => f.subject)).toHaveLength(1);
      const replay = replayOf(undefined, port);
      const story = storyOf({ port, laws, checks, seed: 1, profile: 'ci', faults: [], replay }, c);
      for (const part of [
        `✗ ${law}`,
        `law        ${laws[0]?.says}`,
        'asks for   ',
        'input      ',
        `replay     ${replay(c)}`,
      ])
        expect(story).toContain(part);
      for (const word of words) {
        if (typeof word === 'string') expect(story).toContain(word);
        else expect(story).toMatch(word);
      }
      // where numbers differ the card says by how much: in itself, and in ulps where there are any
      if (!story.includes('got NaN')) expect(story).toMatch(/off by [\d.e+-]+/);
    });
});
