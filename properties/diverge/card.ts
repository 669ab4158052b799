// What people read of a followed training: one line where it agrees, a card where it first leaves what it declares.
import { figure } from '../report.ts';
import type { Fit, Place, Report } from './diverge.ts';

const full = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
const elementText = ({ element }: Pick<Place, 'element'>): string =>
  element.length === 0 ? '' : `, element [${element.join(', ')}]`;

const offText = ({ error, ulps, margin, allowed, got, expected }: Place): string =>
  Number.isFinite(error)
    ? `${figure(error)}${expected === 0 ? '' : ` = ${figure(ulps)} ulps`}, ${figure(margin)} × the allowed ${figure(allowed)}`
    : `any measure: ${full(got)} is not finite`;

/** Other rules that a card names; the rest of them are in the JSON. */
const SHOWN = 5;

const fitText = ({ fits, butLosses, steps, value, margin }: Fit): string =>
  fits
    ? `${full(value)}: fits, here and to the end`
    : butLosses
      ? `${full(value)}: fits the parameters, here and to the end, not the losses`
      : steps > 0
        ? `${full(value)}: fits for ${steps} ${steps === 1 ? 'step' : 'steps'}, not to the end`
        : margin <= 1
          ? `${full(value)}: fits this number, not the whole step`
          : `${full(value)}, ${figure(margin)} × off`;

/** A gradient that is not that of the loss is nobody’s convention, whatever else it is the gradient of. */
const fittingText = ({ says, kind, butLosses }: Fit, { reduction }: Report): string =>
  butLosses
    ? `the parameters by ${says}, in the gradient alone; the losses are those of the ${reduction}, as declared`
    : `${kind} ${says}`;

const BLOCKS = '▁▂▃▄▅▆▇█';
/** Sizes over the steps as a row of blocks on a logarithmic scale; at most so many, each the largest of some steps. */
const row = (values: readonly number[], most = 60): string => {
  const per = Math.ceil(values.length / most);
  const largest = Array.from({ length: Math.ceil(values.length / per) }, (_, i) =>
    Math.max(...values.slice(i * per, (i + 1) * per)),
  );
  const logs = largest.map((v) => Math.log10(v));
  const known = logs.filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return logs
    .map((v) => {
      if (v === Number.POSITIVE_INFINITY || Number.isNaN(v)) return '█';
      if (v === Number.NEGATIVE_INFINITY || high === low) return BLOCKS[0];
      return BLOCKS[Math.round(((v - low) / (high - low)) * (BLOCKS.length - 1))];
    })
    .join('');
};

const apartText = ({ apart, way }: Report): string => {
  const end = apart.at(-1) ?? Number.NaN;
  const share = way > 0 ? `, ${figure(end / way)} of the way that it went` : '';
  return `    apart      ${row(apart)}  ${figure(end)} at the end from a training of our own${share}`;
};

/** `adam, 20 steps of mine 1.0 (f64)`. */
const titleOf = ({ engine, version, dtype, optimizer, steps }: Report): string =>
  `${`${engine} ${version}`.trim()} (${dtype}), ${optimizer}, ${steps} ${steps === 1 ? 'step' : 'steps'}`;

const undecidedText = ({ undecided, compared }: Report): readonly string[] =>
  undecided === 0
    ? []
    : [`    undecided  ${undecided} of ${compared} numbers: no bound decides them, as next to a kink`];
const unjudgedText = ({ judged, steps }: Report): readonly string[] =>
  judged === steps ? [] : [`    unjudged   the steps after ${judged}: they start from numbers that are not finite`];

/** The whole report for people. */
export const cardOf = (r: Report): string => {
  const { first, margins } = r;
  if (first === null)
    return [
      `✓ ${titleOf(r)}: every step agrees, margin ${figure(Math.max(0, ...margins))}`,
      ...undecidedText(r),
      ...unjudgedText(r),
      apartText(r),
    ].join('\n');
  const fitting = r.readings.filter(({ fits, butLosses }) => fits || butLosses);
  const shown = r.readings.slice(0, Math.max(SHOWN, fitting.length));
  const widest = Math.max(0, ...shown.map(({ says }) => says.length));
  const left = r.readings.length - shown.length;
  const rest = r.judged - first.step;
  return [
    `✗ ${titleOf(r)}: diverges at step ${first.step}, ${first.tensor}${elementText(first)}`,
    `    expected   ${full(first.expected)}`,
    `    got        ${full(first.got)}`,
    `    off by     ${offText(first)}`,
    ...r.off.map(
      ({ tensor, elements, of, worst }, i) =>
        `    ${i === 0 ? 'this step ' : '          '} ${tensor}: ${elements} of ${of} off${of > 1 ? `, most${elementText(worst).replace(', element', '')} by ${figure(worst.margin)} × the allowed` : ''}`,
    ),
    `    margins    ${row(margins)}  ${
      rest === 0
        ? 'it is the last step'
        : `${r.later} of the ${rest} steps after it ${r.later === 1 ? 'is' : 'are'} off as well`
    }`,
    ...undecidedText(r),
    ...unjudgedText(r),
    ...(r.readings.length === 0
      ? []
      : [
          `    fits       ${
            fitting.length === 0
              ? 'no known convention, and no known slip'
              : fitting.map((f) => fittingText(f, r)).join('; or ')
          }`,
          '    what it would be',
          ...shown.map((f) => `      ${f.fits || f.butLosses ? '✓' : ' '} ${f.says.padEnd(widest)}  ${fitText(f)}`),
          ...(left > 0 ? [`        and ${left} others, which are further off`] : []),
        ]),
    apartText(r),
  ].join('\n');
};
