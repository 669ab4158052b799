// The page: keeps what is set in the address, tells the worker, and draws what it reports.
import { TautogradError } from '../index.ts';
import { drawChart } from './charts.ts';
import { drawPlane, themeOf } from './draw.ts';
import type { Snapshot } from './experiment.ts';
import { element, formIn } from './form.ts';
import { type LayerTable, layersIn } from './layers.ts';
import { LESSONS, type Lesson } from './lessons.ts';
import type { Order, Report } from './messages.ts';
import { accuracyChart, count, lossChart, type Moment, percent, remember, short, told } from './scene.ts';
import {
  changed,
  fromFragment,
  type Given,
  type Name,
  plain,
  readAs,
  SETTINGS,
  settingsOf,
  toFragment,
} from './settings.ts';

type Made = Extract<Report, { readonly kind: 'made' }>;

/** Milliseconds between two drawings where motion is not wanted, and between two texts for those who hear the page. */
const CALM = 500;
const SPOKEN = 1000;

const find = <T extends Element>(selector: string, type: new () => T): T => {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
};

/** Brings the page to life; `script` is the text that its worker is made of. */
export const pageFrom = (script: string): void => {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
  const say = (order: Order): void => worker.postMessage(order);
  const html = (id: string): HTMLElement => find(`#${id}`, HTMLElement);
  const button = (id: string): HTMLButtonElement => find(`#${id}`, HTMLButtonElement);
  const plane = find('#plane', HTMLCanvasElement);
  const body = find('#layers tbody', HTMLTableSectionElement);
  const [lossSvg, accuracySvg] = [find('#loss-chart', SVGSVGElement), find('#accuracy-chart', SVGSVGElement)];
  const showTest = find('#show-test', HTMLInputElement);
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const dark = matchMedia('(prefers-color-scheme: dark)');

  let given: Given = {};
  let id = 0;
  let running = false;
  let made: Made | null = null;
  let table: LayerTable | null = null;
  let seen: Snapshot | null = null;
  let speed = 0;
  let history: readonly Moment[] = [];
  let accuracies: readonly Moment[] = [];
  let theme = themeOf(document.documentElement);
  let [drawnAt, spokenAt, waiting] = [0, 0, false];

  const status = (text: string): void => {
    html('status').textContent = text;
  };
  const refuse = (sentences: readonly string[]): void => {
    html('refusal').textContent = sentences.join(' ');
    html('refusal').hidden = sentences.length === 0;
  };
  const value = (data: HTMLElement, exact: number, text: string): void => {
    data.setAttribute('value', `${exact}`);
    data.textContent = text;
  };
  const buttons = (): void => {
    button('start').textContent = running ? 'Pause' : 'Start';
    button('start').setAttribute('aria-pressed', `${running}`);
  };

  const draw = (now: number): void => {
    waiting = false;
    if (calm.matches && running && now - drawnAt < CALM) {
      ask();
      return;
    }
    drawnAt = now;
    if (made === null || seen === null) return;
    const { field, k, train, test } = seen;
    drawPlane(plane, { field, frame: made.frame, train: made.train, test: showTest.checked ? made.test : null }, theme);
    drawChart(lossSvg, lossChart(history));
    drawChart(accuracySvg, accuracyChart(accuracies));
    table?.show(seen, theme);
    value(html('k'), k, count(k));
    value(html('speed'), speed, speed === 0 ? '–' : count(speed));
    value(html('train-loss'), train.loss, short(train.loss));
    value(html('test-loss'), test.loss, short(test.loss));
    value(html('train-accuracy'), train.accuracy, percent(train.accuracy));
    value(html('test-accuracy'), test.accuracy, percent(test.accuracy));
    if (!running || now - spokenAt > SPOKEN) {
      spokenAt = now;
      plane.setAttribute('aria-label', `What the network says of the plane, ${told(seen)}`);
    }
  };
  const ask = (): void => {
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  };

  const make = (): void => {
    id += 1;
    [made, seen, history, accuracies] = [null, null, [], []];
    value(html('k'), 0, '0');
    say({ kind: 'make', id, settings: settingsOf(given) });
  };
  /** The next step at which it pauses by itself. */
  const until = (): number => {
    const { stop } = settingsOf(given);
    return (Math.floor((seen?.k ?? 0) / stop) + 1) * stop;
  };
  const start = (): void => {
    running = true;
    buttons();
    status('Training.');
    say({ kind: 'run', id, pace: settingsOf(given).pace, until: until() });
  };
  const pause = (): void => {
    running = false;
    buttons();
    say({ kind: 'pause', id });
  };
  const reset = (): void => {
    pause();
    refuse([]);
    make();
  };

  const lessonOf = (all: Given): Lesson | undefined => LESSONS.find((l) => toFragment(l.given) === toFragment(all));
  const showLesson = (): void => {
    const current = lessonOf(given);
    document.querySelectorAll('#lessons button').forEach((b, i) => {
      b.setAttribute('aria-pressed', `${LESSONS[i] === current}`);
    });
    if (current === undefined) return;
    html('claim').textContent = current.claim;
    html('look').textContent = current.look;
  };
  const form = formIn(find('#settings', HTMLFormElement), (name, text) => change(name, text));
  /** Takes settings over, and begins anew. */
  const take = (next: Given, refusals: readonly string[] = []): void => {
    given = plain(next);
    form.show(settingsOf(given));
    showLesson();
    const fragment = toFragment(given);
    if (location.hash.slice(1) !== fragment) window.history.replaceState(null, '', `#${fragment}`);
    reset();
    refuse(refusals);
  };
  const change = (name: Name, text: string): void => {
    const was = running;
    try {
      const next = changed(given, name, readAs(name, text));
      if (SETTINGS[name].live === true) {
        given = next;
        window.history.replaceState(null, '', `#${toFragment(given)}`);
        showLesson();
        refuse([]);
      } else take(next);
      form.show(settingsOf(given));
      if (was) start();
    } catch (error) {
      if (!(error instanceof TautogradError)) throw error;
      refuse([error.message]);
    }
  };

  worker.onmessage = ({ data: report }: MessageEvent<Report>) => {
    if (report.id !== id) return;
    if (report.kind === 'refused') {
      running = false;
      buttons();
      status('The engine refuses.');
      refuse([report.sentence]);
    } else if (report.kind === 'made') {
      made = report;
      table = layersIn(body, report.widths);
      html('engine').textContent = report.compiled
        ? 'compiled to WebAssembly'
        : 'operation by operation, as WebAssembly is not to be had here';
      html('parameters').textContent = count(report.parameters);
    } else {
      const { snapshot } = report;
      seen = snapshot;
      speed = report.speed;
      const moment = (of: 'loss' | 'accuracy'): Moment => ({
        k: snapshot.k,
        train: snapshot.train[of],
        test: snapshot.test[of],
      });
      history = remember(history, moment('loss'));
      accuracies = remember(accuracies, moment('accuracy'));
      if (running && report.ended) {
        running = false;
        buttons();
      }
      if (!running) status(`${Number.isFinite(snapshot.train.loss) ? 'Paused' : 'Diverged'} ${told(snapshot)}.`);
      ask();
    }
  };
  worker.onerror = (event) => refuse([`a defect: ${event.message}`]);

  button('start').onclick = () => (running ? pause() : start());
  button('step').onclick = () => {
    running = false;
    buttons();
    say({ kind: 'step', id, steps: 1 });
  };
  button('reset').onclick = reset;
  showTest.onchange = ask;
  dark.onchange = () => {
    theme = themeOf(document.documentElement);
    ask();
  };
  window.onresize = ask;
  window.onhashchange = () => {
    const { given: next, refusals } = fromFragment(location.hash);
    take(next, refusals);
  };
  html('lessons').append(
    ...LESSONS.map((lesson) => {
      const made = element('button', { type: 'button' }, lesson.title);
      made.onclick = () => {
        take(lesson.given);
        start();
      };
      return element('li', {}, made);
    }),
  );
  const { given: first, refusals } = fromFragment(location.hash);
  take(location.hash.length > 1 ? first : (LESSONS[1]?.given ?? {}), refusals);
};
