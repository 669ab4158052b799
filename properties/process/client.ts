// The client of a process port: handshake, batches with back-pressure, time-outs, and what becomes of a batch that dies.
import { type Args, CONTRACT_VERSION } from '../contract.ts';
import { PortError, PortFault } from '../port.ts';
import {
  type AnswerMessage,
  answerMessage,
  BYE,
  callsText,
  callText,
  helloText,
  issueOf,
  objectOf,
  type PortHello,
  recordOf,
  shorten,
} from '../protocol.ts';
import { type Program, runProgram } from './program.ts';
import { commandText, helloOf, quoted, refusal } from './wording.ts';

export interface ClientOptions {
  /** Longest wait for the answer to one message, in ms. */
  readonly timeout?: number;
  /** Longest wait for the first message, in ms: engines may take long to load. */
  readonly startTimeout?: number;
  /** How long a program may take to end after `bye`, and again after SIGTERM, in ms. */
  readonly grace?: number;
  /** How often it is started again at most. */
  readonly restarts?: number;
  /** Longest line that is read, in bytes. */
  readonly longest?: number;
  /** How many calls may wait until they are sent; a call beyond them is refused at once. */
  readonly waiting?: number;
}

export interface Client {
  readonly hello: PortHello;
  readonly call: (entry: string, args: Args) => Promise<Args>;
  /** Faults that belong to no call, a sentence each. */
  readonly strays: readonly string[];
  /** Process id of the program that runs now. */
  readonly pid: () => number | undefined;
  /** The orderly end: bye, a moment, SIGTERM, a moment, SIGKILL. */
  readonly close: () => Promise<void>;
}

/** Longest wait for one answer and for the first message, in ms. */
const TIMEOUT = 10_000;
const START = 60_000;
const GRACE = 2000;
const RESTARTS = 256;
/** Starts in a row that may fail. */
const FAILED_STARTS = 3;
/** Calls in one message, at first and at most; between them so many that an answer takes some {@link BRISK} ms. */
const FIRST = 16;
const MOST = 512;
const BRISK = 100;
/** Characters in one message; one call alone may have more. */
const WEIGHT = 2 ** 20;
/** Calls that may wait: many times what the messages under way hold, and not so many that a slow program fills the memory. */
const WAITING = 2 ** 16;
/** How long a late answer may still be on its way where this thread was busy, in ms. */
const LAP = 50;
/** How long the answer to a call that is asked alone is kept after a breach of the protocol, to see what else comes, in ms. */
const SETTLE = 20;

interface Pending {
  readonly entry: string;
  readonly args: Args;
  readonly resolve: (answer: Args) => void;
  readonly reject: (error: Error) => void;
}
interface Message {
  readonly id: number;
  readonly calls: readonly Pending[];
  /** Whether it is one call that is asked again. */
  readonly alone: boolean;
}
/** A fault of the program while messages were under way. */
interface Fault {
  readonly why: string;
  readonly kind: 'ended' | 'late' | 'breach';
}

/** There is no such program. */
export class NoProgram extends PortFault {
  constructor(message: string) {
    super(message, true);
  }
}

/**
 * Starts a program and shakes hands with it.
 * @throws PortFault when there is no such program, or it does not say a proper hello in time
 */
export const connect = async (command: readonly string[], options: ClientOptions = {}): Promise<Client> => {
  const { timeout = TIMEOUT, grace = GRACE, restarts = RESTARTS, waiting: room = WAITING } = options;
  const startTimeout = options.startTimeout ?? Math.max(START, timeout);
  const name = commandText(command);
  const strays: string[] = [];
  const stray = (text: string): void => {
    if (!strays.includes(text)) strays.push(text);
  };

  let waiting: Pending[] = [];
  /** Where in `waiting` the calls begin that were not sent yet. */
  let next = 0;
  let suspects: readonly Pending[] = [];
  let fault: Fault | null = null;
  /** Whether a suspect has shown the fault again, and how long they have taken together. */
  let shown = false;
  let spent = 0;
  let underWay: readonly Message[] = [];
  let before: Message | null = null;
  let program: Program | null = null;
  let hello: PortHello | null = null;
  let ready = false;
  let dying = false;
  let lagging = false;
  let held = true;
  let closing = false;
  let lost: string | null = null;
  let starts = 0;
  let failedStarts = 0;
  let id = 0;
  let most = FIRST;
  let since = 0;
  let settling: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let flushing = false;
  let absent = false;
  const meeting = Promise.withResolvers<PortHello>();

  const expect = (ms: number, late: () => void): void => {
    clearTimeout(timer);
    // the answer may have come while this thread was busy: it is looked for before the port is blamed
    timer = setTimeout(() => {
      timer = setTimeout(late, LAP);
    }, ms);
  };

  const idle = (): boolean => underWay.length === 0 && next === waiting.length && suspects.length === 0;

  /** Rejects whatever waits, where the program cannot be had any more. */
  const giveUp = (why: string): void => {
    lost = why;
    meeting.reject(absent ? new NoProgram(why) : new PortFault(why, true));
    const all = [...suspects, ...waiting.slice(next)];
    suspects = [];
    waiting = [];
    next = 0;
    for (const p of all) p.reject(new PortFault(`${p.entry}: ${why}`, true));
  };

  /** What follows from a fault of a program that is gone. */
  const failed = (found: Fault, traces: readonly string[]): void => {
    clearTimeout(timer);
    clearTimeout(settling);
    settling = undefined;
    const why = [absent ? found.why : `${name} ${found.why}`, ...traces].join('; ');
    const dead = underWay;
    const [only] = dead;
    underWay = [];
    program = null;
    dying = false;
    if (!ready) {
      failedStarts++;
      if (failedStarts >= FAILED_STARTS || hello === null) giveUp(why);
    } else if (only === undefined) stray(`${why}; it was asked nothing`);
    else if (only.alone || (dead.length === 1 && only.calls.length === 1 && found.kind !== 'breach')) {
      const [guilty] = only.calls;
      shown = true;
      // what it did among others may say more than what it does alone, as an order does
      const first = fault === null || fault.kind === found.kind ? '' : `; among other calls, ${fault.why}`;
      guilty?.reject(new PortFault(`${guilty.entry}: ${why}${first}`));
      cleared();
    } else {
      suspects = dead.flatMap((m) => m.calls);
      fault = { ...found, why };
      shown = false;
      spent = 0;
      if (found.kind === 'late') most = Math.max(1, most >> 1);
    }
    ready = false;
    pump();
  };

  /** The program has done what it must not: it is ended, and what it was asked is asked again. */
  const breach = (kind: Fault['kind'], why: string): void => {
    const own = program;
    if (own === null || dying) return;
    dying = true; // nothing that it still writes is heard
    clearTimeout(timer);
    const traces = own.traces();
    own.kill();
    void own.gone.then(() => failed({ kind, why }, traces));
  };

  const start = (): void => {
    if (starts > restarts) {
      giveUp(`${name} was started again ${restarts} times and is not any more`);
      return;
    }
    starts++;
    lagging = false;
    held = true;
    const own: Program = runProgram(
      command,
      {
        line: (text) => {
          if (program === own && !dying) heard(text);
        },
        broken: (why) => breach('breach', why),
        ended: (how) => {
          if (program === own && !dying && !closing)
            failed({ kind: 'ended', why: ready || absent ? how : `${how} before it said hello` }, own.traces());
        },
        drained: () => {
          lagging = false;
          pump();
        },
      },
      options.longest,
    );
    program = own;
    absent = own.pid === undefined;
    own.write(helloText(CONTRACT_VERSION));
    expect(startTimeout, () =>
      breach('late', `did not say hello within ${startTimeout} ms (does it flush its output?)`),
    );
  };

  const greeted = (line: string): void => {
    const said = helloOf(line);
    if (typeof said === 'string') {
      breach('breach', said);
      return;
    }
    clearTimeout(timer);
    hello ??= said;
    failedStarts = 0;
    ready = true;
    meeting.resolve(hello);
    pump();
  };

  /** After the last suspect: a fault that none of them has shown alone belongs to nobody. */
  const cleared = (): void => {
    if (suspects.length > 0 || fault === null) return;
    const slow = fault.kind === 'late' && spent > timeout / 2; // too many at once for its speed, which is no fault
    if (!shown && !slow) stray(`${fault.why}; asked again one at a time, every call was answered`);
    fault = null;
  };

  const tell = (answers: AnswerMessage['answers'], { calls }: Message): void =>
    calls.forEach((p, i) => {
      const a = answers[i] as (typeof answers)[number]; // there are as many as calls
      if ('error' in a) p.reject(refusal(a.error));
      else
        try {
          p.resolve(recordOf(a.result));
        } catch (error) {
          p.reject(new PortFault(`${p.entry}: the port answered ${error instanceof Error ? error.message : error}`));
        }
    });

  /** Answers to the message that is due. */
  const answered = (answers: AnswerMessage['answers'], message: Message): void => {
    const took = performance.now() - since;
    clearTimeout(timer);
    before = message;
    if (message.alone) {
      spent += took;
      const done = (): void => {
        settling = undefined;
        underWay = [];
        tell(answers, message);
        cleared();
        pump();
      };
      // a second answer, or garbage behind the first, is this call's fault as well
      if (fault?.kind === 'breach') settling = setTimeout(done, SETTLE);
      else done();
      return;
    }
    underWay = underWay.slice(1);
    since = performance.now();
    if (took > 2 * BRISK) most = Math.max(1, most >> 1);
    else if (message.calls.length === most && took < BRISK) most = Math.min(MOST, most * 2);
    if (underWay.length > 0) watch();
    tell(answers, message);
    pump();
  };

  const heard = (line: string): void => {
    if (!ready) {
      greeted(line);
      return;
    }
    const message = objectOf(line);
    if (message === null) {
      breach('breach', `wrote a line that is no message, ${quoted(line)} (logs belong on stderr)`);
      return;
    }
    const parsed = answerMessage.safeParse(message);
    if (!parsed.success) {
      breach('breach', `wrote a message that is no answer: ${issueOf(parsed.error)}, in ${quoted(line)}`);
      return;
    }
    const { id: of, answers } = parsed.data;
    const due = settling === undefined ? underWay[0] : undefined;
    if (due?.id === of && answers.length === due.calls.length) answered(answers, due);
    else if (due?.id === of)
      breach('breach', `gave ${answers.length} answers to the ${due.calls.length} calls of message ${of}`);
    else if (before?.id === of)
      breach(
        'breach',
        `answered message ${of} a second time (${shorten([...new Set(before.calls.map((p) => p.entry))].join(', '))})`,
      );
    else
      breach(
        'breach',
        due === undefined
          ? `answered message ${of} while nothing was asked`
          : `answered message ${of} where the answer to ${due.id} was due`,
      );
  };

  const watch = (): void => {
    const calls = underWay[0]?.calls.length ?? 0;
    expect(timeout, () =>
      breach('late', `did not answer ${calls === 1 ? 'a call' : `${calls} calls`} within ${timeout} ms`),
    );
  };

  const send = (calls: readonly Pending[], texts: readonly string[], alone: boolean): void => {
    underWay = [...underWay, { id: ++id, calls, alone }];
    if (underWay.length === 1) {
      since = performance.now();
      watch();
    }
    lagging = program?.write(callsText(id, texts)) === false;
  };

  /** Sends what may be sent. */
  const pump = (): void => {
    if (closing || dying) return;
    if (lost !== null) {
      giveUp(lost);
      return;
    }
    if (program === null) {
      if (!idle()) start();
      return;
    }
    if (held !== (!idle() || !ready)) {
      held = !held;
      program.hold(held);
    }
    if (!ready || lagging || hello === null || underWay[0]?.alone) return;
    const [first, ...rest] = suspects;
    if (first !== undefined) {
      if (underWay.length > 0) return;
      suspects = rest;
      send([first], [callText(first.entry, first.args, hello)], true);
      return;
    }
    while (underWay.length < hello.ahead && next < waiting.length && !lagging) {
      const calls: Pending[] = [];
      const texts: string[] = [];
      let weight = 0;
      while (next < waiting.length && calls.length < most && weight < WEIGHT) {
        const p = waiting[next++] as Pending; // below the length
        const text = callText(p.entry, p.args, hello);
        weight += text.length;
        texts.push(text);
        calls.push(p);
      }
      if (next === waiting.length || next > MOST) {
        waiting = waiting.slice(next);
        next = 0;
      }
      send(calls, texts, false);
    }
  };

  /** Whether a program is gone within the grace. */
  const goneSoon = async (own: Program): Promise<boolean> => {
    const late = Promise.withResolvers<false>();
    const clock = setTimeout(() => late.resolve(false), grace);
    const gone = await Promise.race([own.gone.then(() => true), late.promise]);
    clearTimeout(clock);
    return gone;
  };

  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    clearTimeout(timer);
    clearTimeout(settling);
    const own = program;
    for (const p of [...underWay.flatMap((m) => m.calls), ...suspects, ...waiting.slice(next)])
      p.reject(new PortError(`${p.entry}: ${name} was told to end`));
    if (own === null) return;
    own.hold(true);
    if (!ready || dying) own.kill();
    else {
      own.write(BYE);
      if (await goneSoon(own)) {
        if (!own.clean()) stray([`${name} ${own.ending()} after bye`, ...own.traces()].join('; '));
        return;
      }
      own.terminate();
      const heeds = await goneSoon(own);
      if (!heeds) own.kill();
      stray(
        `${name} did not end within ${grace} ms of bye; it was ended by ${heeds ? 'SIGTERM' : 'SIGKILL, as SIGTERM did not help'}`,
      );
    }
    await own.gone;
  };

  start();
  return {
    hello: await meeting.promise,
    strays,
    pid: () => program?.pid,
    call: (entry, args) =>
      new Promise((resolve, reject) => {
        if (closing) {
          reject(new PortError(`${entry}: ${name} was told to end`));
          return;
        }
        if (waiting.length - next >= room) {
          reject(new PortError(`${entry}: ${room} calls wait for ${name} already; await some of them first`));
          return;
        }
        waiting.push({ entry, args, resolve, reject });
        if (flushing) return;
        flushing = true;
        setImmediate(() => {
          flushing = false;
          pump();
        });
      }),
    close,
  };
};
