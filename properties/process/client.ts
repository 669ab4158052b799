// The client of a process port: handshake, messages under way with back-pressure, time-outs, restarts, and an orderly end.
import { type Args, CONTRACT_VERSION } from '../contract.ts';
import { PortError, PortFault } from '../port.ts';
import { BYE, callsText, callText, helloText, type PortHello } from '../protocol.ts';
import { type Accusation, type Fault, inquestOf } from './inquest.ts';
import { type Program, runProgram } from './program.ts';
import { FULL, type Load, type Pending, queueOf } from './queue.ts';
import { type Answers, type Message, saidBy, tell } from './said.ts';
import { commandText, helloOf } from './wording.ts';

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
}

export interface Client {
  readonly hello: PortHello;
  /** Rejects with a PortFault where the program fails, or where {@link FULL} calls wait to be sent. */
  readonly call: (entry: string, args: Args) => Promise<Args>;
  /** What the program did wrong after it had answered one of these calls, where that is known; then it is no stray any more. */
  readonly claim: (asked: (args: Args) => boolean) => Promise<Accusation | null>;
  /** Faults that belong to no call, a sentence each; complete after the end. */
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
/** How long a late answer may still be on its way where this thread was busy, in ms. */
const LAP = 50;

/** There is no such program. */
export class NoProgram extends PortFault {
  constructor(message: string) {
    super(message, true);
  }
}

/** Whether a program is gone within so many ms. */
const goneWithin = async (own: Program, ms: number): Promise<boolean> => {
  const late = Promise.withResolvers<false>();
  const clock = setTimeout(() => late.resolve(false), ms);
  const gone = await Promise.race([own.gone.then(() => true), late.promise]);
  clearTimeout(clock);
  return gone;
};

/** Says bye to a program, and sees to it that it goes; what was wrong with that, or null. */
const farewell = async (own: Program, name: string, grace: number): Promise<string | null> => {
  own.write(BYE);
  if (await goneWithin(own, grace))
    return own.clean() ? null : [`${name} ${own.ending()} after bye`, ...own.traces()].join('; ');
  own.terminate();
  const heeds = await goneWithin(own, grace);
  if (!heeds) own.kill();
  await own.gone;
  return `${name} did not end within ${grace} ms of bye; it was ended by ${heeds ? 'SIGTERM' : 'SIGKILL, as SIGTERM did not help'}`;
};

/**
 * Starts a program and shakes hands with it.
 * @throws PortFault when there is no such program, or it does not say a proper hello in time
 */
export const connect = async (command: readonly string[], options: ClientOptions = {}): Promise<Client> => {
  const { timeout = TIMEOUT, grace = GRACE, restarts = RESTARTS } = options;
  const startTimeout = options.startTimeout ?? Math.max(START, timeout);
  const name = commandText(command);
  const strays: string[] = [];
  const stray = (text: string): void => {
    if (!strays.includes(text)) strays.push(text);
  };
  const queue = queueOf();
  const inquest = inquestOf(timeout, stray);

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
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing = false;
  let absent = false;
  const meeting = Promise.withResolvers<PortHello>();
  /** Resolves when the program has said more, or is gone. */
  let further = Promise.withResolvers<void>();
  const turned = (): void => {
    further.resolve();
    further = Promise.withResolvers();
  };

  const expect = (ms: number, late: () => void): void => {
    clearTimeout(timer);
    // the answer may have come while this thread was busy: it is looked for before the port is blamed
    timer = setTimeout(() => {
      timer = setTimeout(late, LAP);
    }, ms);
  };

  const idle = (): boolean => underWay.length === 0 && queue.empty() && !inquest.left();

  /** Rejects whatever waits, where the program cannot be had any more. */
  const giveUp = (why: string): void => {
    lost = why;
    meeting.reject(absent ? new NoProgram(why) : new PortFault(why, true));
    for (const p of [...inquest.dismiss(), ...queue.clear()]) p.reject(new PortFault(`${p.entry}: ${why}`, true));
  };

  /** What follows from a fault of a program that is gone; `twice` are the calls whose answers came twice. */
  const failed = ({ why: short, kind }: Fault, traces: readonly string[], twice: readonly Pending[] = []): void => {
    clearTimeout(timer);
    const why = [absent ? short : `${name} ${short}`, ...traces].join('; ');
    const dead = underWay;
    underWay = [];
    program = null;
    dying = false;
    if (!ready) {
      failedStarts++;
      if (failedStarts >= FAILED_STARTS || hello === null) giveUp(why);
    } else if (dead.length === 0 && twice.length === 0) stray(`${why}; it was asked nothing`);
    else {
      const asked = dead.flatMap((m) => m.calls);
      const all = [...new Set([...twice, ...asked])];
      // one call among others is known by its two answers, one alone by its fault; a breach may be a late word of another
      const single = dead[0]?.alone === true || (asked.length === 1 && kind !== 'breach');
      const guilty = twice.length === 1 ? twice[0] : twice.length === 0 && single ? asked[0] : undefined;
      if (guilty !== undefined) inquest.blame(guilty, { why, kind });
      else if (kind === 'late') queue.late();
      const rest = all.filter((p) => p !== guilty);
      if (rest.length > 0) inquest.suspect(rest, { why, kind }, guilty !== undefined);
      inquest.end();
    }
    ready = false;
    turned();
    pump();
  };

  /** The program has done what it must not: it is ended, and what it was asked is asked again. */
  const breach = (kind: Fault['kind'], why: string, twice: readonly Pending[] = []): void => {
    const own = program;
    if (own === null || dying) return;
    dying = true; // nothing that it still writes is heard
    clearTimeout(timer);
    const traces = own.traces();
    own.kill();
    void own.gone.then(() => failed({ kind, why }, traces, twice));
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
    before = null;
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

  const heard = (line: string): void => {
    if (!ready) {
      greeted(line);
      return;
    }
    const due = underWay[0];
    const said = saidBy(line, due, before);
    if ('breach' in said) breach('breach', said.breach, said.twice);
    else if (due !== undefined) answered(said.answers, due);
  };

  /** Answers to the message that is due. */
  const answered = (answers: Answers, message: Message): void => {
    const took = performance.now() - since;
    clearTimeout(timer);
    before = message;
    turned();
    underWay = underWay.slice(1);
    if (message.alone) {
      inquest.cleared(took);
      const [one] = message.calls;
      // a second answer, or garbage behind the first, is this call's fault as well: asked once more, it shows what came between
      if (one !== undefined && inquest.afterBreach() && message.kept === undefined) {
        alone(one, answers);
        return;
      }
      tell(message.kept ?? answers, message.calls);
      inquest.end();
      pump();
      return;
    }
    since = performance.now();
    queue.answered(message.calls.length, took);
    if (underWay.length > 0) watch();
    tell(answers, message.calls);
    pump();
  };

  const watch = (): void => {
    const calls = underWay[0]?.calls.length ?? 0;
    expect(timeout, () =>
      breach('late', `did not answer ${calls === 1 ? 'a call' : `${calls} calls`} within ${timeout} ms`),
    );
  };

  const send = ({ calls, texts }: Load, how: Pick<Message, 'alone' | 'kept'> = { alone: false }): void => {
    underWay = [...underWay, { id: ++id, calls, ...how }];
    if (underWay.length === 1) {
      since = performance.now();
      watch();
    }
    lagging = program?.write(callsText(id, texts)) === false;
  };

  /** Asks one call again, alone; `kept` are its answers of just before, where it is asked once more. */
  const alone = (call: Pending, kept?: Answers): void => {
    if (hello === null) return; // nobody is suspected before it
    const texts = [callText(call.entry, call.args, hello)];
    send({ calls: [call], texts }, { alone: true, ...(kept === undefined ? {} : { kept }) });
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
    if (inquest.left()) {
      if (underWay.length > 0) return;
      alone(inquest.next() as Pending); // there is one left
      return;
    }
    while (underWay.length < hello.ahead && !queue.empty() && !lagging) send(queue.next(hello));
  };

  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    turned();
    clearTimeout(timer);
    const own = program;
    for (const p of [...underWay.flatMap((m) => m.calls), ...inquest.dismiss(), ...queue.clear()])
      p.reject(new PortError(`${p.entry}: ${name} was told to end`));
    if (own !== null) {
      own.hold(true);
      if (!ready || dying) own.kill();
      else {
        const wrong = await farewell(own, name, grace);
        if (wrong !== null) stray(wrong);
      }
      await own.gone;
    }
    for (const { fault } of inquest.unclaimed()) stray(fault.message);
  };

  start();
  return {
    hello: await meeting.promise,
    strays,
    pid: () => program?.pid,
    claim: async (asked) => {
      await new Promise((resolve) => setImmediate(resolve)); // others may ask more
      // what is answered next shows whether anything came behind the last answer; where nothing is asked, it would be a stray
      if (!idle() && before?.calls.some((p) => asked(p.args))) await further.promise;
      if (dying) await program?.gone; // what follows from it is known then
      return inquest.claim(asked);
    },
    call: (entry, args) =>
      new Promise((resolve, reject) => {
        if (closing) {
          reject(new PortError(`${entry}: ${name} was told to end`));
          return;
        }
        if (!queue.push({ entry, args, resolve, reject, told: false })) {
          reject(
            new PortFault(`${entry}: ${FULL} calls wait for ${name} already; wait for answers before you ask more`),
          );
          return;
        }
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
