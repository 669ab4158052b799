// The worker: trains in slices, and reports what is to be seen at most thirty times a second.
import { type Data, lookup, TautogradError } from '../index.ts';
import { type Experiment, experimentOf } from './experiment.ts';
import type { Order, Points, Report } from './messages.ts';
import { PACES } from './pace.ts';

/** Milliseconds between two reports, and how many times the cost of a report is spent on training before the next. */
const EVERY = 1000 / 30;
const SHARE = 3;

/** Of the worker's global scope, what is used. */
export interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(message: Report, transfer: readonly Transferable[]): void;
}

interface Run {
  readonly rate: (k: number) => number;
  readonly until: number;
}

const pointsOf = ({ x, y }: Data): Points => ({ x: Float32Array.from(x.view), y: Float32Array.from(y.view) });

/** Steps for so many milliseconds, but no more than `most`; the chunk grows until it takes about a tenth of that. */
const slice = (advance: (steps: number) => void, most: number, ms: number): number => {
  const end = performance.now() + ms;
  let [made, chunk] = [0, 1];
  while (made < most) {
    const began = performance.now();
    if (began >= end) break;
    const steps = Math.min(chunk, most - made);
    advance(steps);
    made += steps;
    if (performance.now() - began < ms / 10) chunk *= 2;
  }
  return made;
};

/** Answers orders until the page ends it. */
export const serve = (scope: Scope): void => {
  let id = -1;
  let experiment: Experiment | null = null;
  let run: Run | null = null;
  /** When the last slice began, steps that are due since, and what a report costs. */
  let [since, due, cost] = [0, 0, 0];
  /** When so many steps were made, over the last second or two reports. */
  let marks: readonly { readonly t: number; readonly k: number }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const refuse = (error: unknown): void => {
    run = null;
    const sentence = error instanceof TautogradError ? error.message : `a defect: ${String(error)}`;
    scope.postMessage({ kind: 'refused', id, sentence }, []);
  };
  const mark = (k: number): void => {
    const t = performance.now();
    marks = [...marks.filter((m, i) => i === marks.length - 1 || t - m.t < 1000), { t, k }];
  };
  /** Steps a second, reports included. */
  const speed = (): number => {
    const [first, last] = [marks[0], marks.at(-1)];
    return first === undefined || last === undefined || last === first
      ? 0
      : (1000 * (last.k - first.k)) / (last.t - first.t);
  };
  const tell = (it: Experiment): void => {
    const began = performance.now();
    const snapshot = it.snapshot();
    // what is no number any more does not come back
    const ended = run !== null && (!Number.isFinite(snapshot.train.loss) || snapshot.k >= run.until);
    if (ended) run = null;
    scope.postMessage({ kind: 'seen', id, snapshot, ended, speed: run === null ? 0 : speed() }, [
      snapshot.field.buffer,
      snapshot.tiles.buffer,
    ]);
    cost = performance.now() - began;
  };
  const go = (): void => {
    if (experiment === null || run === null) return;
    try {
      const began = performance.now();
      const k = experiment.k();
      due = Math.min(due + (run.rate(k) * (began - since)) / 1000, run.until - k);
      const made = slice(experiment.advance, Math.floor(due), Math.max(EVERY, SHARE * cost));
      due = Number.isFinite(run.rate(k)) ? Math.min(due - made, run.rate(k)) : Number.POSITIVE_INFINITY;
      since = began;
      mark(k + made);
      tell(experiment);
      timer = setTimeout(go, Math.max(0, EVERY - (performance.now() - began)));
    } catch (error) {
      refuse(error);
    }
  };
  const stop = (): void => {
    run = null;
    clearTimeout(timer);
  };

  scope.onmessage = ({ data: order }) => {
    try {
      if (order.kind === 'make') {
        stop();
        id = order.id;
        experiment = null;
        const made = experimentOf(order.settings);
        experiment = made;
        const { parts, frame, compiled, parameters } = made;
        const { depth, width } = order.settings;
        const widths = Array.from({ length: depth }, () => width);
        const [train, test] = [pointsOf(parts.train), pointsOf(parts.test)];
        scope.postMessage({ kind: 'made', id, train, test, frame, compiled, parameters, widths }, []);
        tell(made);
      } else if (order.id !== id || experiment === null) return;
      else if (order.kind === 'run') {
        clearTimeout(timer);
        run = { rate: lookup(PACES, 'pace', order.pace).rate, until: order.until };
        [since, due, marks] = [performance.now() - EVERY, 0, []];
        mark(experiment.k());
        go();
      } else {
        stop();
        if (order.kind === 'step') experiment.advance(order.steps);
        tell(experiment);
      }
    } catch (error) {
      refuse(error);
    }
  };
};
