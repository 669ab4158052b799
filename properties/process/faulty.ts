// A port under test that does one thing wrong, named by its first argument; an identity and a ReLU, tensors in JSON.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [fault = 'none', marker] = process.argv.slice(2);

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}
interface Call {
  readonly entry: string;
  readonly args: { readonly x: Tensor; readonly dy?: Tensor };
}

/** The number at which the fault shows; with the second argument `always` it shows anywhere, with a file only once. */
const TRIGGER = 13;
const triggered = ({ args: { x } }: Call): boolean => {
  if (marker === 'always') return true;
  if (!x.data.includes(TRIGGER)) return false;
  if (marker === undefined) return true;
  if (existsSync(marker)) return false;
  writeFileSync(marker, '');
  return true;
};

const write = (text: string): void => {
  process.stdout.write(text);
};
const MINUS_ZERO = '−0';
/** JSON text has no own way to keep −0. */
const say = (message: object): void =>
  write(
    `${JSON.stringify(message, (_, v: unknown) => (Object.is(v, -0) ? MINUS_ZERO : v)).replaceAll(`"${MINUS_ZERO}"`, '-0.0')}\n`,
  );
const forever = (): void => {
  setInterval(() => {}, 1000);
};
/** Sees no further message, and does not end. */
const hang = (): Promise<never> => {
  forever();
  return new Promise(() => {});
};

const positive = (v: number | string): boolean => (typeof v === 'number' ? v > 0 : v === 'Infinity');
const answer = ({ entry, args: { x, dy } }: Call): object => {
  if (!hello.entries.includes(entry)) throw new Error(`there is no ${entry}`);
  if (entry === 'activation.relu.vjp')
    return { dx: { shape: x.shape, data: x.data.map((v, i) => (positive(v) ? dy?.data[i] : 0)) } };
  if (entry === 'activation.relu.forward')
    return { y: { shape: x.shape, data: x.data.map((v) => (positive(v) || v === 'NaN' ? v : 0)) } };
  return { y: x };
};

/** What is wrong with one answer, of calls that come through. */
const WRONG: Readonly<Record<string, (call: Call) => object>> = {
  shape: ({ args: { x } }) => ({ result: { y: { shape: [...x.shape, 1], data: x.data } } }),
  size: ({ args: { x } }) => ({ result: { y: { shape: x.shape, data: [] } } }),
  dtype: ({ args: { x } }) => ({ result: { y: { shape: x.shape, f64: 'AAAAAA==' } } }),
  word: ({ args: { x } }) => ({ result: { y: { shape: x.shape, data: ['nan'] } } }),
  field: () => ({ result: {} }),
  'everything is the identity': ({ args: { x } }) => ({ result: { y: x } }),
  error: () => ({ error: 'ValueError: thirteen is no number' }),
};

/** What is done in the middle of a message. */
const DOES: Readonly<Record<string, (id: number) => void | Promise<void>>> = {
  die: () => {
    process.stderr.write('Traceback: thirteen\nSegmentation soon\n');
    process.exit(7);
  },
  killed: () => {
    process.kill(process.pid, 'SIGSEGV');
    return hang();
  },
  hang,
  garbage: () => write(`debug: x = ${'13 '.repeat(200)}\n`),
  'half a line': () => {
    write('{"type":"answer","id":');
    return hang();
  },
  'half a line and die': () => {
    write('{"type":"answer","id":');
    setTimeout(() => process.exit(0), 20); // when it is written
    return hang();
  },
  'no answer': (id) => say({ type: 'answer', id }),
  'endless line': () => {
    setInterval(() => write('x'.repeat(100_000)), 1);
    return hang();
  },
  grandchild: () => {
    // holds our output and outlives us
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    process.stderr.write(`grandchild ${child.pid}\n`, () => process.exit(7));
    return hang();
  },
};

if (fault === 'dead at start') {
  process.stderr.write('ModuleNotFoundError: no module named engine\n');
  process.exit(1);
}
if (fault === 'silent at start') await hang();
if (fault === 'logs at start') write('loading the engine…\n');
if (fault === 'ignores every end' || fault === 'ignores bye') {
  if (fault === 'ignores every end') process.on('SIGTERM', () => {});
  forever();
}

const hello = {
  type: 'hello',
  protocol: fault === 'protocol' ? 2 : 1,
  engine: 'faulty',
  version: '1',
  dtype: fault === 'no dtype' ? undefined : 'f64',
  tensors: 'json',
  entries: [
    'activation.identity.forward',
    'activation.relu.forward',
    'activation.relu.vjp',
    ...(fault === 'unknown entry' ? ['activation.rellu.forward', 'activation.relu.backward'] : []),
  ],
};

let kept: object | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as { readonly type: string; readonly id: number; readonly calls: readonly Call[] };
  if (message.type === 'hello') say(hello);
  else if (message.type === 'bye') {
    if (!fault.startsWith('ignores')) process.exit(fault === 'wrong exit code' ? 5 : 0);
  } else {
    const { id, calls } = message;
    const hit = calls.some((c) => c.args.x !== undefined && triggered(c));
    if (hit) await DOES[fault]?.(id);
    const answers = calls.map((c) => {
      try {
        return (triggered(c) ? WRONG[fault]?.(c) : undefined) ?? { result: answer(c) };
      } catch (error) {
        return { error: String(error) };
      }
    });
    if (hit && fault === 'answers') answers.push({ error: 'one more' });
    if (fault === 'floods stderr') process.stderr.write('a line of the log\n'.repeat(10_000));
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, 20));
    const own = { type: 'answer', id, answers };
    if (fault === 'out of order' && hit && kept === null) {
      kept = own;
      continue; // the next message is answered first
    }
    say(own);
    if (kept !== null) say(kept);
    kept = null;
    if (hit && fault === 'twice') say(own);
    if (hit && fault === 'dies later') process.exit(7);
  }
}
