// `tautograd limits`: the smallest error that five well-known checks find for certain, measured with planted faults.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { crewFor } from '../../properties/crew.ts';
import { CERTAIN, type Limit, measure, type Sized } from '../../properties/detect.ts';
import { FAULTS } from '../../properties/limits.ts';
import { atLeast, CONFIDENCE } from '../../properties/power.ts';
import { figure } from '../../properties/report.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { loadPort, namesOf } from './load.ts';
import { coloured, print, type Stage, stages } from './show.ts';
import { writeText } from './write.ts';

export interface LimitOptions {
  readonly seed: number;
  /** Trials that decide a size. */
  readonly runs: number;
  readonly filter?: string;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Sizes as people write them: what is a power of two stays one. */
const sizeText = (size: number | null): string => {
  if (size === null) return '';
  const e = Math.log2(size);
  return Number.isInteger(e) ? `2^${e}` : size < 1e-3 ? size.toExponential() : String(size);
};
const count = (n: number): string => n.toLocaleString('en-GB');

/** A probability with the nines that it has. */
const chance = (p: number): string => (p === 1 ? '1' : p > 0.99999 ? '0.99999 and above' : p.toFixed(p > 0.99 ? 5 : 3));

const proofOf = (s: Sized): string => (s.power === null ? `≥ ${s.atLeast.toFixed(5)}` : `= ${chance(s.power)}`);

/** One line for a person: the fault, where it stops to be found, and the law. */
const lineOf = (l: Limit): string => {
  const decided = l.sizes.find((s) => s.certain && s.size === l.smallest);
  const found =
    decided === undefined
      ? 'not found for certain'
      : `found${l.smallest === null ? '' : ` down to ${sizeText(l.smallest)}`}, ${count(decided.found)} of ${count(decided.trials)}, p ${proofOf(decided)}`;
  return `${l.met && decided !== undefined ? '✓' : '✗'} ${l.fault.padEnd(36)} ${found}  (${l.law})`;
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const bold = (on: boolean, text: string): string => (on && text !== '' ? `**${text}**` : text);

/** The measurement as a page; contains no date and no duration, so that equal measurements give equal bytes. */
const pageOf = (limits: readonly Limit[], { seed, runs }: LimitOptions): string =>
  [
    '# Detection limits: the smallest error that is found for certain',
    '',
    `Seed ${seed}. Each trial plants the fault into the built-in engine, in another place where there are many, and runs the law as \`verify\` does, with a fresh seed, until its first failure. Found for certain is what ${count(runs)} trials never missed: a probability of at least ${atLeast(runs, runs).toFixed(5)} at ${100 * CONFIDENCE} % confidence (Clopper & Pearson 1934). For laws that let chance decide the probability is computed exactly, and trials check it. Other sizes have twenty trials, enough to see where finding stops. The smallest size that is found with probability ${CERTAIN} is bold.`,
    '',
    '| check | fault | size | found | probability | law |',
    '|---|---|--:|--:|--:|---|',
    ...limits.flatMap((l) =>
      l.sizes.map((s, i) => {
        const limit = s.certain && s.size === l.smallest;
        const must = s.size === l.demanded && l.demanded !== null ? ' (demanded)' : '';
        return `| ${i === 0 ? l.check : ''} | ${i === 0 ? `${cell(l.says)}` : ''} | ${bold(limit, sizeText(s.size))}${must} | ${bold(limit, `${count(s.found)} / ${count(s.trials)}`)} | ${bold(limit, proofOf(s))} | ${i === 0 ? `\`${l.law}\`` : ''} |`;
      }),
    ),
    '',
  ].join('\n');

/** The command. Returns 1 when a fault that has to be found is not. @throws CommandFault */
export const limitsCommand = async (options: LimitOptions): Promise<number> => {
  const { seed, runs, filter, out, json = false } = options;
  const ids = FAULTS.map((f) => f.id);
  const chosen = namesOf('limits', 'fault', ids, filter);
  const faults = FAULTS.filter((f) => chosen.includes(f.id));
  const workers = options.workers ?? (runs * faults.length > 2000 ? availableParallelism() : 0);
  const crew = crewFor(await loadPort(undefined), { workers });
  const made: Limit[] = [];
  const stageOf = (check: string): Stage => ({
    title: check,
    run: async (say) => {
      const from = performance.now();
      const own: Limit[] = [];
      for (const fault of faults.filter((f) => f.check === check))
        own.push(await measure(fault, { seed, trials: runs, count: crew.find, hands: Math.max(1, workers), say }));
      made.push(...own);
      const unmet = own.filter((l) => !l.met).length;
      const text = `${own.length} faults${unmet > 0 ? `, ${unmet} of them not found as demanded` : ''}, ${((performance.now() - from) / 1000).toFixed(1)} s`;
      return { ok: unmet === 0, text };
    },
  });
  try {
    await stages([...new Set(faults.map((f) => f.check))].map(stageOf), json);
  } finally {
    await crew.close();
  }
  const limits = { schema: 1, seed, trials: runs, proves: atLeast(runs, runs), limits: made };
  if (json) print(toJson(limits).trimEnd());
  else {
    print('');
    for (const l of made) print(coloured(lineOf(l)));
    print(
      `\n${count(runs)} trials without a miss prove a probability of ${figure(100 * atLeast(runs, runs))} % at ${100 * CONFIDENCE} % confidence`,
    );
  }
  if (out !== undefined)
    for (const path of [
      writeText(join(out, 'limits.json'), toJson(limits)),
      writeText(join(out, 'limits.md'), pageOf(made, options)),
    ])
      if (!json) print(`wrote ${path}`);
  return made.every((l) => l.met) ? EXIT.ok : EXIT.falsified;
};
