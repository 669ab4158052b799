// The published contract under test: a JSON Schema that reads as one, has every entry, and takes what is said and no less.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Args, ENTRIES } from './contract.ts';
import home from './ports/home.ts';
import { BYE, callsText, callText, helloText, type Spelling, textOf } from './protocol.ts';
import { contractSchema, PORTABLE } from './published.ts';

type Schema = Parameters<typeof z.fromJSONSchema>[0];
type Json = Readonly<Record<string, unknown>>;
const published = JSON.parse(JSON.stringify(contractSchema())) as Json & {
  readonly entries: Readonly<Record<string, Readonly<Record<'takes' | 'gives', Json>> & { readonly says: string }>>;
  readonly messages: Readonly<Record<string, Json>>;
  readonly $defs: Json;
};

/** Whether a value is valid by a part of the published schema, read by a foreign reader of JSON Schema. */
const validators = new Map<string, z.ZodType>();
const valid = (part: Json, value: unknown): boolean => {
  const key = JSON.stringify(part);
  const { $schema, $defs } = published;
  const reader = validators.get(key) ?? z.fromJSONSchema({ $schema, $defs, ...part } as Schema); // it reads or throws
  validators.set(key, reader);
  return reader.safeParse(value).success;
};

const ids = PORTABLE.flatMap((row) => row.names.map((name) => `${row.kind}.${name}.${row.call}`));

const x = { shape: [2, 1], data: [0.5, -3] };
const w = { shape: [1, 1], data: [2] };
const b = { shape: [1], data: [-0] };
const whole = {
  layers: [
    { type: 'dense', units: 1 },
    { type: 'activation', name: 'leaky_relu', slope: 0.1 },
  ],
  params: [w, b],
};
/** Calls of every sort: tensors alone and in lists, numbers, words, layers as data, what may be left out. */
const CALLS: Readonly<Record<string, Args>> = {
  'activation.leaky_relu.forward': { x, slope: Number.POSITIVE_INFINITY },
  'activation.tanh.vjp': { x: { shape: [], data: [Number.NaN] }, dy: { shape: [], data: [1] } },
  'loss.huber.forward': { prediction: x, target: x, reduction: 'mean', delta: 2 },
  'layer.dense.vjp': { x, w, b, dy: x },
  'layer.batch_norm.train': { x, gamma: b, beta: b, mean: b, variance: b, eps: 0.1, momentum: 0.5 },
  'initializer.he_normal.sample': { shape: [2, 3], fanIn: 2, fanOut: 3, seed: 7 },
  'random.threefry.block': { key: [0, 0], counter: [0, 0] },
  'optimizer.adam.run': {
    params: [x, w],
    gradients: [
      [x, w],
      [x, w],
    ],
    hyper: { lr: 0.1 },
  },
  'optimizer.sgd.accepts': { hyper: { lr: Number.NaN } },
  'clip.by_global_norm.apply': { gradients: [x], limit: 1 },
  'model.network.loss_and_grad': { ...whole, x, y: x, loss: 'mse', reduction: 'sum' },
  'perceptron.perceptron.fit': { x, y: { shape: [2], data: [0, 1] }, lr: 1, epochs: 3 },
  'diagnosis.network.slopes': { ...whole, x, y: x, loss: 'mse', reduction: 'mean' },
};
const SPELLINGS: readonly Spelling[] = [
  { tensors: 'base64', dtype: 'f64' },
  { tensors: 'base64', dtype: 'f32' },
  { tensors: 'json', dtype: 'f64' },
];

test('every entry of the contract is there, and no other; the verifier’s own are nobody’s', () => {
  expect(Object.keys(published.entries).sort()).toEqual([...ids].sort());
  expect([...ENTRIES.keys()].filter((id) => !(id in published.entries))).toSatisfy((left: readonly string[]) =>
    left.every((id) => id.startsWith('verifier.')),
  );
  for (const { says } of Object.values(published.entries)) expect(says).toMatch(/\S{2}/);
});

test('every reference leads somewhere, and every definition is referred to', () => {
  const found = new Set<string>();
  const visit = (v: unknown): void => {
    if (typeof v !== 'object' || v === null) return;
    if (!Array.isArray(v) && '$ref' in v) found.add(String(v.$ref));
    Object.values(v).forEach(visit);
  };
  visit(published);
  expect([...found].sort()).toEqual(
    Object.keys(published.$defs)
      .map((name) => `#/$defs/${name}`)
      .sort(),
  );
});

describe('what is said is valid:', () => {
  for (const [id, args] of Object.entries(CALLS))
    test(`a call of ${id}, and the answer to it`, () => {
      const { takes = {}, gives = {} } = published.entries[id] ?? {};
      const answer = home.call(id, args) as Args; // the built-in engine answers at once
      for (const spelling of SPELLINGS) {
        expect(valid(takes, JSON.parse(textOf(args, spelling))), JSON.stringify(args)).toBe(true);
        expect(valid(gives, JSON.parse(textOf(answer, spelling))), JSON.stringify(answer)).toBe(true);
      }
      // and no less than that
      for (const part of [takes, gives]) expect(valid(part, {})).toBe(false);
    });

  test('messages of the host', () => {
    const [[id, args] = ['', {}]] = Object.entries(CALLS);
    const call = callText(id, args, { tensors: 'json', dtype: 'f64' });
    for (const [name, line] of [
      ['host.hello', helloText(1)],
      ['host.call', callsText(1, [call, call])],
      ['host.bye', BYE],
    ] as const)
      expect(valid(published.messages[name] ?? {}, JSON.parse(line)), name).toBe(true);
  });
});

describe('what may not be said is not:', () => {
  const tensor = { $ref: '#/$defs/tensor' };
  const { 'loss.mse.forward': mse, 'layer.dense.forward': dense } = published.entries;
  const WRONG: readonly (readonly [string, Json | undefined, unknown])[] = [
    ['a tensor without numbers', tensor, { shape: [1] }],
    ['a tensor without a shape', tensor, { data: [1] }],
    ['half a size', tensor, { shape: [0.5], data: [] }],
    ['another word', tensor, { shape: [1], data: ['nan'] }],
    ['numbers in a text', tensor, { shape: [1], f64: 1 }],
    ['a missing argument', dense?.takes, { x, w: x }],
    ['another reduction', mse?.takes, { prediction: x, target: x, reduction: 'none' }],
    ['a result that is no tensor', mse?.gives, { loss: 1 }],
    ['an answer without an id', published.messages['port.answer'], { type: 'answer', answers: [] }],
    ['a hello without entries', published.messages['port.hello'], { type: 'hello', protocol: 1 }],
    ['half a type', published.messages['host.bye'], { type: 'by' }],
  ];
  for (const [name, part, value] of WRONG)
    test(name, () => {
      expect(part).toBeDefined();
      expect(valid(part ?? {}, value)).toBe(false);
    });
});
