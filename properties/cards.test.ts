// Failure cards under test: of engines that are wrong in exactly one place, each has a card from which a person sees the place.
import { describe, expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import { MUTANTS } from './mutants/index.ts';
import { PLACES } from './mutants/places.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';
import { card } from './report.ts';
import { check } from './run.ts';

/** What gives each place away, beside the law and the entry. */
const TELLS: Readonly<Record<string, readonly string[]>> = {
  'leaky_relu/slope-sign': ['dx: expected', 'what came is −1 times what was expected'],
  'dense/bias-mean': ['db: expected 1', 'got 0.5', '"shape":[2,1]'],
  'softmax/without-max': ['745', 'got NaN'],
  'batch_norm/eval-batch-mean': ['made of the running statistics and of nothing in the batch', '60 of 60 inputs fail'],
  'adam/second-moment-uncorrected': ['parameters after step 1', '"beta2":'],
  'dropout/scaled-by-rate': ['y = 0 where u < p, else x/(1 − p)', '"dropRate":0.25'],
  'xavier_uniform/fan-in-only': ['weights with fans swapped', 'fans that count alike may be swapped'],
  'bce/clips-probability': ['the port behaves as bce probability, bceClip 1e-7', 'declared so, this input passes'],
  'rbm/visible-bias': ['F(v) = −ln Σ_h e^(−E(v, h)) = −b·v − Σ softplus(c + v·w)', 'F of every row'],
  'cosine/off-by-one': ['factor at step 1: expected 1'],
  'network/l2-on-biases': ['dense: b: expected'],
};

describe('the card of an engine in which', () => {
  for (const place of PLACES)
    test(place.says, async () => {
      const port = place.plant(withVerifier(home));
      const law = LAWS.find((l) => l.id === place.law);
      if (law === undefined) throw new Error(`there is no law ${place.law}`);
      const found = await check(law, port, place.subject, { seed: 1 });
      expect(found.status).toBe('falsified');
      const text = card(law, found, port, 'tautograd verify --replay file');
      const asked = text.split('\n').find((line) => line.startsWith('    asks for')) ?? '';
      expect(port.replaced.some((entry) => asked.includes(entry))).toBe(true);
      for (const part of [
        law.id,
        law.says,
        'input',
        'expected',
        'got',
        'off by',
        'verify --replay',
        ...(TELLS[place.id] ?? []),
      ])
        expect(text).toContain(part);
    });
  test('there are ten such places at least, each with what tells it', () => {
    expect(PLACES.map((p) => p.id).sort()).toEqual(Object.keys(TELLS).sort());
    expect(PLACES.length).toBeGreaterThanOrEqual(10);
  });
});

/** The card of a mutant by a law. */
const cardOf = async (mutant: string, id: string, subject: string): Promise<string> => {
  const port = MUTANTS.find((m) => m.id === mutant)?.plant(withVerifier(home));
  const law = LAWS.find((l) => l.id === id);
  if (port === undefined || law === undefined) throw new Error(`there is no ${mutant} or no ${id}`);
  return card(law, await check(law, port, subject, { seed: 1 }), port, '');
};

describe('a card', () => {
  test('of a rectifier that takes another side at 0 than it declares says so', async () => {
    expect(await cardOf('convention/false-leaky-slope', 'activation/kink', 'leaky_relu')).toContain(
      'convention the port behaves as reluSlopeAtZero 1, declared reluSlopeAtZero 0; declared so, this input passes',
    );
  });
  test('of a number out of range says which, and keeps the question for the replay', async () => {
    const text = await cardOf('optimizer/any-rate', 'purity/out-of-domain', 'optimizer.sgd.run');
    expect(text).toContain('found      optimizer.sgd.run with lr = NaN must be refused, but it answered\n');
    expect(text).toMatch(/input {6}\[\{"with":"lr = NaN","args":\{.*\}\}\] {2}\(shrunk 1 times\)/);
  });
  test('of an inequality says what must hold and what came, and no distance', async () => {
    const text = await cardOf('softplus/slope-is-tanh', 'activation/derivative-positive', 'softplus');
    expect(text).toMatch(/found {6}f′\(-[\d.]+\) > 0\n {15}got 0\n/);
    expect(text).not.toMatch(/expected|off by|NaN/);
  });
  test('has the formula of its own subject', async () => {
    const text = await cardOf('cross-entropy/gradient-one-class', 'loss/gradient', 'softmax_cross_entropy');
    expect(text).toContain('formula    softmax(z) − y, for shares y that sum to 1\n');
  });
});
