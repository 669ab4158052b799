// The doctor of process ports: goes through the protocol message by message, says what is wrong, and how to mend it.
import { type Args, CONTRACT_VERSION, ENTRIES, faultInAnswer } from '../contract.ts';
import { type Example, examplesFor } from '../examples.ts';
import type { PortInfo } from '../port.ts';
import { definePort } from '../port.ts';
import {
  answerMessage,
  BYE,
  CodecFault,
  callText,
  helloText,
  issueOf,
  objectOf,
  type PortHello,
  recordOf,
  shorten,
} from '../protocol.ts';
import { type Finding, finding, MENDS, readHello, well } from './hello.ts';
import { type Interview, interview } from './interview.ts';
import { adapterOf } from './port.ts';
import { quoted } from './wording.ts';

export interface DoctorOptions {
  readonly timeout?: number;
  readonly startTimeout?: number;
  readonly grace?: number;
}

/** Calls in the message of many. */
const MANY = 200;
/** Restarts of a program that dies of its calls. */
const RESTARTS = 20;

type Answers = readonly ({ readonly result: Args } | { readonly error: string })[];
type Heard = { readonly answers: Answers } | { readonly fault: string; readonly mend: string };

/** The answers to one message of calls. */
const answersTo = async (talk: Interview, id: number, calls: number, timeout: number): Promise<Heard> => {
  const reply = await talk.hear(timeout);
  if (!('line' in reply)) return { fault: `the program ${reply.fault}`, mend: MENDS[reply.kind] ?? '' };
  const message = objectOf(reply.line);
  if (message === null)
    return { fault: `wrote a line that is no JSON object: ${quoted(reply.line)}`, mend: MENDS.breach ?? '' };
  const parsed = answerMessage.safeParse(message);
  if (!parsed.success)
    return {
      fault: `wrote no answer: ${issueOf(parsed.error)}, in ${quoted(reply.line)}`,
      mend: 'Write {"type":"answer","id":…,"answers":[{"result":{…}}]}, with {"error":"why"} in the place of a result that there is not.',
    };
  if (parsed.data.id !== id)
    return {
      fault: `answered message ${parsed.data.id} where the answer to ${id} was due`,
      mend: 'Answer every message once, in the order in which they come, under the id that it has.',
    };
  if (parsed.data.answers.length !== calls)
    return {
      fault: `gave ${parsed.data.answers.length} answers to ${calls} calls`,
      mend: 'Give one answer for every call of a message, in their order.',
    };
  return { answers: parsed.data.answers };
};

/** What is wrong with the answer to a valid call, or its fields. */
const fieldsOf = (
  entry: string,
  args: Args,
  answer: Answers[number],
): { readonly fields: Args } | { readonly wrong: string } => {
  if ('error' in answer) return { wrong: `it refuses a valid call: ${shorten(answer.error)}` };
  const row = ENTRIES.get(entry);
  try {
    const fields = recordOf(answer.result);
    const wrong = row === undefined ? 'the contract does not have it' : faultInAnswer(row, args, fields);
    return wrong === null ? { fields } : { wrong: `it ${wrong}` };
  } catch (error) {
    if (error instanceof CodecFault) return { wrong: error.message };
    throw error;
  }
};

/** Every tensor of a value. */
const tensorsIn = (v: unknown): readonly { readonly data: ArrayLike<number> }[] =>
  Array.isArray(v)
    ? v.flatMap(tensorsIn)
    : typeof v === 'object' && v !== null && 'data' in v
      ? [v as { readonly data: ArrayLike<number> }] // read by the codec
      : [];

const F32_MAX = 2 ** 128 - 2 ** 104;
/** Numbers that text and careless code lose, by dtype: the smallest, the largest, and what is no number. */
const hardNumbers = (dtype: PortHello['dtype']): readonly number[] => [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  dtype === 'f64' ? Number.MIN_VALUE : 2 ** -149,
  dtype === 'f64' ? -(2 ** -1030) : -(2 ** -130),
  dtype === 'f64' ? Number.MAX_VALUE : F32_MAX,
  dtype === 'f64' ? 0.1 : Math.fround(0.1),
  dtype === 'f64' ? 1 + Number.EPSILON : 1 + 2 ** -23,
];

/** Entries that give back the numbers that they get: name of the argument and of the field. */
const MIRRORS: readonly (readonly [string, string, string])[] = [
  ['activation.identity.forward', 'x', 'y'],
  ['session.text.round_trip', 'values', 'values'],
];

/** Examines a program; findings come as they are made. @yields findings, in the order of the protocol */
export async function* examine(command: readonly string[], options: DoctorOptions = {}): AsyncGenerator<Finding> {
  const { timeout = 10_000, grace = Math.max(2000, options.timeout ?? 0) } = options;
  const startTimeout = options.startTimeout ?? Math.max(60_000, timeout);
  let talk = interview(command);
  const meet = async (): Promise<Finding | string> => {
    talk.say(helloText(CONTRACT_VERSION));
    const reply = await talk.hear(startTimeout);
    if ('line' in reply) return reply.line;
    return finding('hello', 'protocol', `the program ${reply.fault}`, MENDS[reply.kind] ?? '');
  };
  try {
    const first = await meet();
    if (typeof first !== 'string') {
      yield talk.program.pid === undefined
        ? finding('start', 'protocol', talk.program.ending(), 'Give the command as a shell would find it.')
        : first;
      return;
    }
    yield well('start', 'the program runs, and speaks');
    const { findings, hello } = readHello(first);
    yield* findings;
    if (hello === null) return;
    yield* examineCalls(hello);
    yield* examineEnd();
  } finally {
    talk.program.kill();
    await talk.program.gone;
  }

  /** Another run of the program, where the last one is gone or out of step. */
  async function again(): Promise<boolean> {
    talk.program.kill();
    await talk.program.gone;
    talk = interview(command);
    return typeof (await meet()) === 'string';
  }

  async function* examineCalls(hello: PortHello): AsyncGenerator<Finding> {
    const entries = hello.entries;
    const info: PortInfo = definePort(adapterOf(hello, () => Promise.reject(new Error('never called'))));
    const examples = examplesFor(info, entries);
    const spelling = { tensors: hello.tensors, dtype: hello.dtype };
    const textOf = (entry: string, { args }: Pick<Example, 'args'>): string => callText(entry, args, spelling);
    const sound = new Map<string, string>();
    let left = RESTARTS;
    const coarse: string[] = [];
    for (const entry of new Set(entries)) {
      const example = examples.get(entry);
      if (example === undefined) {
        yield { step: entry, grade: 'not tried', text: 'there is no small input for it' };
        continue;
      }
      const text = textOf(entry, example);
      const heard = await answersTo(talk, talk.ask([text]), 1, timeout);
      if ('fault' in heard) {
        yield finding(entry, 'protocol', heard.fault, `${heard.mend} It was asked ${shorten(text, 300)}`);
        if (left-- > 0 && (await again())) continue;
        yield { step: 'calls', grade: 'not tried', text: 'the others: the program does not start again' };
        return;
      }
      const [answer] = heard.answers as readonly [Answers[number]]; // one call
      const read = fieldsOf(entry, example.args, answer);
      if ('wrong' in read) {
        yield finding(
          entry,
          'contract',
          read.wrong,
          `It gives ${Object.keys(ENTRIES.get(entry)?.gives ?? {}).join(', ')}; it was asked ${shorten(text, 300)}`,
        );
        continue;
      }
      sound.set(entry, JSON.stringify(answer));
      const fits = tensorsIn(Object.values(read.fields)).every(({ data }) =>
        hello.dtype === 'f32'
          ? Array.from(data).every((x) => Object.is(Math.fround(x), x))
          : !(data instanceof Float32Array),
      );
      if (!fits) coarse.push(entry);
    }
    if (sound.size > 0)
      yield well('calls', `${sound.size} of ${new Set(entries).size} entries answer in the shapes of the contract`);
    if (coarse.length > 0)
      yield hello.dtype === 'f64'
        ? finding(
            'dtype',
            'advice',
            `the port says f64 and answers in f32: ${shorten(coarse.join(', '))}`,
            'Answer with "f64", or declare "dtype":"f32": single precision does not hold the bounds of doubles.',
          )
        : finding(
            'dtype',
            'advice',
            `the port says f32 and answers with numbers that have more digits: ${shorten(coarse.join(', '))}`,
            'Declare "dtype":"f64" if the engine computes with doubles.',
          );
    yield* examineNumbers(hello);
    const chosen = [...sound].slice(0, MANY);
    if (chosen.length === 0) return;
    yield* examineMany(
      hello,
      chosen.map(([entry, before]) => {
        const example = examples.get(entry) as Example; // it was answered
        return { entry, before, text: textOf(entry, example) };
      }),
    );
  }

  async function* examineNumbers(hello: PortHello): AsyncGenerator<Finding> {
    const mirror = MIRRORS.find(([entry]) => hello.entries.includes(entry));
    if (mirror === undefined) {
      yield {
        step: 'numbers',
        grade: 'not tried',
        text: 'activation.identity.forward is not declared, so nothing gives numbers back',
      };
      return;
    }
    const [entry, argument, field] = mirror;
    const data = hardNumbers(hello.dtype);
    const args = { [argument]: { shape: [data.length], data } };
    const heard = await answersTo(talk, talk.ask([callText(entry, args, hello)]), 1, timeout);
    if ('fault' in heard) {
      yield finding('numbers', 'protocol', heard.fault, heard.mend);
      await again();
      return;
    }
    const read = fieldsOf(entry, args, heard.answers[0] as Answers[number]); // one call
    if ('wrong' in read) {
      yield finding(
        'numbers',
        'contract',
        read.wrong,
        'Read and write NaN, the infinities, −0 and the smallest numbers as they are.',
      );
      return;
    }
    const got = (read.fields[field] as { readonly data: ArrayLike<number> }).data; // the contract has looked at it
    const lost = data.flatMap((x, i) =>
      Object.is(got[i], x) ? [] : [`${show(x)} came back as ${show(got[i] ?? Number.NaN)}`],
    );
    yield lost.length === 0
      ? well('numbers', 'NaN, the infinities, −0, the smallest and the largest numbers come back as they were')
      : finding(
          'numbers',
          'contract',
          lost.join(', '),
          'Use base64, or in JSON the words "NaN", "Infinity" and "-Infinity", -0.0, and the shortest digits that read back (repr, %.17g).',
        );
  }

  async function* examineMany(
    hello: PortHello,
    chosen: readonly { readonly entry: string; readonly before: string; readonly text: string }[],
  ): AsyncGenerator<Finding> {
    const many = Array.from({ length: MANY }, (_, i) => chosen[i % chosen.length] as (typeof chosen)[number]); // there is one
    const batch = await answersTo(talk, talk.ask(many.map((c) => c.text)), MANY, MANY * timeout);
    if ('fault' in batch) {
      yield finding('batch', 'protocol', `of ${MANY} calls in one message: ${batch.fault}`, batch.mend);
      if (!(await again())) return;
    } else {
      const moved = many.find((c, i) => JSON.stringify(batch.answers[i]) !== c.before);
      yield moved === undefined
        ? well('batch', `${MANY} calls in one message are answered as one by one`)
        : finding(
            'batch',
            'contract',
            `${moved.entry} answers otherwise among ${MANY} calls than alone`,
            'Answer in the order of the calls, and let no call depend on those before it: everything random comes from the seed.',
          );
    }
    const [one] = chosen as readonly [(typeof chosen)[number]];
    const ids = Array.from({ length: Math.min(2, hello.ahead) }, () => talk.ask([one.text]));
    let ahead: Heard | null = null;
    for (const id of ids) {
      ahead = await answersTo(talk, id, 1, timeout);
      if ('fault' in ahead) break;
    }
    if (ahead !== null && 'fault' in ahead) {
      yield finding('ahead', 'protocol', `of ${ids.length} messages under way: ${ahead.fault}`, ahead.mend);
      if (!(await again())) return;
    } else yield well('ahead', `${ids.length} messages under way are answered in order`);
    yield* examineRefusals(one);
  }

  async function* examineRefusals(one: {
    readonly entry: string;
    readonly before: string;
    readonly text: string;
  }): AsyncGenerator<Finding> {
    const REFUSALS = [
      ['unknown entry', '{"entry":"activation.no_such.forward","args":{}}', 'an entry that it does not know'],
      ['bad arguments', `{"entry":${JSON.stringify(one.entry)},"args":{}}`, `${one.entry} without its arguments`],
    ] as const;
    for (const [step, text, what] of REFUSALS) {
      const heard = await answersTo(talk, talk.ask([text, one.text]), 2, timeout);
      if ('fault' in heard) {
        yield finding(
          step,
          'protocol',
          `asked for ${what}: ${heard.fault}`,
          'Catch what goes wrong in one call, and answer it with {"error":"why"}.',
        );
        if (!(await again())) return;
        continue;
      }
      const [refused, beside] = heard.answers as readonly [Answers[number], Answers[number]];
      if (!('error' in refused))
        yield finding(
          step,
          'advice',
          `asked for ${what}, it gives a result`,
          'Answer with {"error":"why"}, so that a slip is seen.',
        );
      else if (JSON.stringify(beside) !== one.before)
        yield finding(
          step,
          'contract',
          `asked for ${what}, it answers the next call otherwise than alone`,
          'Answer every call of a message by itself.',
        );
      else yield well(step, `asked for ${what}, it answers with an error: ${shorten(refused.error, 120)}`);
    }
  }

  async function* examineEnd(): AsyncGenerator<Finding> {
    talk.say(BYE);
    const reply = await talk.hear(grace);
    if ('line' in reply) {
      yield finding(
        'bye',
        'protocol',
        `wrote ${quoted(reply.line)} after bye`,
        'Write nothing more once bye has come, and end.',
      );
      return;
    }
    yield reply.kind === 'late'
      ? finding(
          'bye',
          'protocol',
          `it did not end within ${grace} ms of bye`,
          'End with exit code 0 when {"type":"bye"} comes; leave no thread or open handle behind.',
        )
      : talk.program.clean()
        ? well('bye', 'it ends with exit code 0')
        : finding('bye', 'protocol', `it ${reply.fault} after bye`, 'End with exit code 0 when {"type":"bye"} comes.');
  }
}

const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
