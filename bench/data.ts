// The data that problems and recipes learn from: files beside this one, read and cut by key.
import { readFileSync } from 'node:fs';
import { type Data, gunzip, type Key, ops, parseCsv, rescale, scalar, splitData, standardiser } from '../src/index.ts';

const file = (name: string): Buffer => readFileSync(new URL(`./data/${name}`, import.meta.url));

/** Samples to learn from and to judge by. */
export interface Parts {
  readonly train: Data;
  readonly test: Data;
}

/** All samples as one part, their features standardised: for problems with one optimum, whatever the seed. */
const whole = (all: Data): Data => ({ ...all, x: rescale(standardiser(all.x), all.x) });

/** A fifth held out by key; features standardised on the other four fifths only, so that nothing leaks. */
const heldOut = (all: Data, key: Key): Parts => {
  const [train, test] = splitData(all, 1 / 5, key);
  const fitted = standardiser(train.x);
  return { train: { ...train, x: rescale(fitted, train.x) }, test: { ...test, x: rescale(fitted, test.x) } };
};

/** The first line holds facts and no sample. */
const cells = (): Data => parseCsv(file('breast_cancer.csv').toString('utf8'), { skip: 1 });

/** 569 × 30, labels 0 malignant and 1 benign. */
export const breastCancer = (key: Key): Parts => heldOut(cells(), key);

/** The same in one part. */
export const breastCancerWhole = (): Data => whole(cells());

const pixels = async (): Promise<Data> =>
  parseCsv(new TextDecoder().decode(await gunzip(new Uint8Array(file('digits.csv.gz')))));

/** 1797 × 64, labels 0 … 9. */
export const digits = async (key: Key): Promise<Parts> => heldOut(await pixels(), key);

/** The same with pixels as shares of full ink, from 0 to 1, as binary units need them. */
export const digitShares = async (key: Key): Promise<Parts> => {
  const { x, y } = await pixels();
  const [train, test] = splitData({ x: ops.div(x, scalar(16)), y }, 1 / 5, key);
  return { train, test };
};
