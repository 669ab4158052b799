// Whatever a program does wrong has its own verdict and message, spares every other call, and leaves no process behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ask, law, same } from '../law.ts';
import { PortError, PortFault } from '../port.ts';
import { type Check, check } from '../run.ts';
import type { ClientOptions } from './client.ts';
import { type ProcessPort, startPort } from './port.ts';
import { FULL } from './queue.ts';
import { commandText } from './wording.ts';

const FAULTY = fileURLToPath(new URL('./faulty.ts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tautograd-faults-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const commandOf = (...args: readonly string[]): readonly string[] => [process.execPath, FAULTY, ...args];
const QUICK: ClientOptions = { timeout: 2000, startTimeout: 30_000, grace: 2000, longest: 1_000_000 };
const start = (fault: string, options: ClientOptions = {}, marker: readonly string[] = []): Promise<ProcessPort> =>
  startPort(commandOf(fault, ...marker), {
    ...QUICK,
    ...(fault.startsWith('ignores') ? {} : { grace: 30_000 }), // who goes by itself may be slow on a busy machine
    ...options,
  });

const alive = (pid: number | undefined): boolean => {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** Waits until a process is gone; what is dead is reaped a moment later. */
const gone = async (pid: number | undefined, within = 5000): Promise<boolean> => {
  for (const from = Date.now(); Date.now() - from < within; ) {
    if (!alive(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
};

/** Asks for the numbers 0 to 39 at once: those that came back, and what was said of the others. */
const askAll = async ({ port }: ProcessPort) => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, async (_, i) => {
      const { y } = await port.call('activation.identity.forward', { x: { shape: [1], data: [i] } });
      return (y as { data: ArrayLike<number> }).data[0] === i; // the contract has checked its form
    }),
  );
  return {
    answered: outcomes.filter((o) => o.status === 'fulfilled' && o.value).length,
    failed: outcomes.flatMap((o, i) => (o.status === 'rejected' ? [[i, o.reason as PortError] as const] : [])),
  };
};

/** Faults on the number 13, and what is said. */
const ON_ONE_CALL: Readonly<Record<string, RegExp>> = {
  die: /ended with exit code 7; its last words on stderr: Traceback: thirteen \| Segmentation soon$/,
  killed: /was ended by SIGSEGV/,
  hang: /did not answer a call within 2000 ms/,
  garbage: /wrote a line that is no message, "debug: x = 13 [13 ]{150,200}… \(logs belong on stderr\)/,
  'half a line': /within 2000 ms; it had written half a line that begins "\{\\"type/,
  'half a line and die': /ended with exit code 0; it had written half a line that begins/,
  'no answer': /wrote a message that is no answer: "answers" is wrong, expected array/,
  'endless line': /wrote a line of more than 1000000 bytes that begins "xxx/,
  grandchild: /ended with exit code 7; its last words on stderr: grandchild \d+/,
  shape: /the port returned y with the wrong shape, expected \[1\], got \[1,1\]/,
  size: /the port answered y: the shape holds 1 numbers, "data" has 0/,
  dtype: /the port answered y: 1 numbers of "f64" are 8 bytes, got 4, as many as of "f32"/,
  word: /the port answered y: element 0 must be a number, "NaN", "Infinity" or "-Infinity", got "nan"/,
  field: /the port returned a wrong answer: y must be \{ shape, data \}/,
  error: /the port threw ValueError: thirteen is no number/,
  answers: /gave 2 answers to the 1 calls of message \d+/,
  'out of order':
    /did not answer a call within 2000 ms; among other calls, .*answered message 2 where the answer to 1 was due/,
};

describe.concurrent('of a batch, the guilty call alone fails, and every other is answered:', () => {
  for (const [fault, says] of Object.entries(ON_ONE_CALL))
    test(fault, async () => {
      const own = await start(fault);
      const first = own.pid();
      const { answered, failed } = await askAll(own);
      expect(failed.map(([i, e]) => [i, e.message])).toEqual([[13, expect.stringMatching(says)]]);
      expect(failed[0]?.[1]).toBeInstanceOf(PortError);
      expect(failed[0]?.[1].message).toMatch(/^activation\.identity\.forward: /);
      expect(answered).toBe(39);
      const last = own.pid();
      await own.close();
      expect(own.strays).toEqual([]);
      expect([alive(first), alive(last)]).toEqual([false, false]);
      const grandchild = /grandchild (\d+)/.exec(failed[0]?.[1].message ?? '')?.[1];
      if (grandchild !== undefined) expect(await gone(Number(grandchild))).toBe(true);
    });
});

describe.concurrent('what belongs to no call is told apart:', () => {
  const STRAYS: Readonly<Record<string, RegExp>> = {
    // its calls had their answers by then; a check claims the fault of its own, see below
    twice: /^activation\.identity\.forward: .* answered message \d+ twice \(activation\.identity\.forward\)$/,
    'dies later': /ended with exit code 7; asked again one at a time, every call was answered/,
    'wrong exit code': /ended with exit code 5 after bye/,
    'ignores bye': /did not end within 2000 ms of bye; it was ended by SIGTERM/,
    'ignores every end': /did not end within 2000 ms of bye; it was ended by SIGKILL/,
  };
  for (const [fault, says] of Object.entries(STRAYS))
    test(fault, async () => {
      const own = await start(fault);
      expect(await askAll(own)).toEqual({ answered: 40, failed: [] });
      const pid = own.pid();
      await own.close();
      expect(own.strays).toEqual([expect.stringMatching(says)]);
      expect(alive(pid)).toBe(false);
    });

  for (const fault of ['die', 'garbage', 'answers'])
    test(`${fault}, once`, async () => {
      const own = await start(fault, {}, [join(scratch, fault)]);
      expect(await askAll(own)).toEqual({ answered: 40, failed: [] });
      await own.close();
      expect(own.strays).toEqual([expect.stringMatching(/asked again one at a time, every call was answered/)]);
    });

  for (const fault of ['none', 'floods stderr', 'slow'])
    test(`${fault}, which is no fault`, async () => {
      const own = await start(fault);
      expect(await askAll(own)).toEqual({ answered: 40, failed: [] });
      await own.close();
      expect(own.strays).toEqual([]);
    });
});

describe.concurrent('a program that cannot be had:', () => {
  const STARTS: Readonly<Record<string, RegExp>> = {
    'dead at start': /ended with exit code 1 before it said hello; its last words on stderr: ModuleNotFoundError/,
    'silent at start': /did not say hello within 2000 ms \(does it flush its output\?\)/,
    'logs at start': /wrote a first line that is no message, "loading the engine…" \(logs belong on stderr\)/,
    protocol: /said a hello that is wrong: "protocol" is wrong, expected 1/,
    'no dtype': /said a hello that is wrong: "dtype" Invalid option: expected one of "f64"\|"f32"/,
    'unknown entry': /the contract does not have: activation\.rellu\.forward, activation\.relu\.backward/,
  };
  for (const [fault, says] of Object.entries(STARTS))
    test(fault, async () => {
      const starting = start(fault, fault === 'silent at start' ? { startTimeout: 2000 } : {});
      await expect(starting).rejects.toThrow(says);
      await expect(starting).rejects.toBeInstanceOf(PortFault);
    });

  test('is missing', async () => {
    await expect(startPort(['/no/such/program'], QUICK)).rejects.toThrow(/there is no program \/no\/such\/program/);
  });

  test('dies at every call, and is given up', async () => {
    const own = await start('die', { restarts: 3 }, ['always']);
    const { failed } = await askAll(own);
    expect(failed).toHaveLength(40);
    expect(failed[0]?.[1].message).toMatch(/ended with exit code 7/);
    expect(failed[39]?.[1].message).toMatch(/was started again 3 times and is not any more$/);
    await own.close();
    expect(own.strays).toEqual([]);
  });
});

describe.concurrent('verdicts', () => {
  const echo = law<number>({
    id: 'process/echo',
    ref: 'M-01',
    class: 'exact',
    says: 'the identity gives back what it got',
    subjects: () => ['identity'],
    given: () => fc.integer({ min: 0, max: 40 }),
    *holds(x) {
      const y = (yield* ask('activation.identity.forward', { x: { shape: [1], data: [x] } })).tensor('y');
      return same('y', y.data, [x]);
    },
  });
  const sound = { ...echo, given: () => fc.integer({ min: 20, max: 40 }) };

  test('of a law that meets the fault are crashes with its input, and of others stay', async () => {
    const own = await start('die');
    const found: readonly Check[] = await Promise.all(
      [sound, echo, sound, echo].map((l, i) => check(l, own.port, 'identity', { seed: i })),
    );
    await own.close();
    expect(found.map((c) => c.status)).toEqual(['holds', 'crashed', 'holds', 'crashed']);
    expect(found[1]?.counterexample).toMatchObject({ input: 13, about: expect.stringMatching(/exit code 7/) });
  });

  test('of a law whose call is answered twice are crashes with its input, and of others stay', async () => {
    const own = await start('twice');
    const found: readonly Check[] = await Promise.all(
      [sound, echo, sound, echo].map((l, i) => check(l, own.port, 'identity', { seed: i })),
    );
    await own.close();
    expect(found.map((c) => c.status)).toEqual(['holds', 'crashed', 'holds', 'crashed']);
    for (const c of [found[1], found[3]])
      expect(c?.counterexample).toMatchObject({
        input: 13,
        about: expect.stringMatching(/ answered message \d+ twice /),
      });
    expect(own.strays).toEqual([]);
    expect(alive(own.pid())).toBe(false);
  });

  test('of a law that asks once, and is answered twice, are crashes while others go on', async () => {
    const own = await start('twice');
    const once = { ...echo, runs: 1, given: () => fc.constant(13) };
    const found = await Promise.all([once, sound].map((l) => check(l, own.port, 'identity', { seed: 1 })));
    await own.close();
    expect(found.map((c) => c.status)).toEqual(['crashed', 'holds']);
    expect(own.strays).toEqual([]);
  });

  test('of a program that is given up keep the input that it died of; others learn that it is not to be had', async () => {
    for (const [restarts, after] of [
      [0, 'crashed'],
      [1, 'holds'],
    ] as const) {
      const own = await start('die', { restarts });
      const { status, counterexample } = await check(echo, own.port, 'identity', { seed: 1 });
      const later = await check(sound, own.port, 'identity', { seed: 1 });
      await own.close();
      expect({ status, counterexample }).toMatchObject({ status: 'crashed', counterexample: { input: 13 } });
      expect(later.status).toBe(after);
      if (after === 'crashed') expect(later.counterexample?.about).toContain('was started again 0 times');
    }
  });
});

describe.concurrent('when the host goes, so does the program, with what it has started:', () => {
  const HOST = `
    const { startPort } = await import(${JSON.stringify(new URL('./port.ts', import.meta.url).href)});
    const own = await startPort(${JSON.stringify(commandOf('ignores every end'))});
    process.stdout.write(own.pid() + '\\n');
  `;
  const ENDS: Readonly<Record<string, string>> = {
    SIGINT: 'setInterval(() => {}, 1000);',
    SIGTERM: 'setInterval(() => {}, 1000);',
    SIGKILL: 'setInterval(() => {}, 1000);',
    'an exception': 'setTimeout(() => { throw new Error("defect"); }, 10);',
    'process.exit': 'setTimeout(() => process.exit(0), 10);',
    'nothing left to do': '',
  };
  for (const [end, code] of Object.entries(ENDS))
    test(end, async () => {
      const host = spawn(process.execPath, ['--input-type=module', '-e', HOST + code]);
      const [pid] = await Promise.all([
        new Promise<number>((resolve) => host.stdout.once('data', (text) => resolve(Number(text)))),
      ]);
      expect(pid).toBeGreaterThan(0);
      if (end.startsWith('SIG')) host.kill(end as NodeJS.Signals); // as the table says
      expect(await gone(pid, 15_000)).toBe(true);
      expect(await gone(host.pid)).toBe(true);
    });
});

test('calls that wait are bounded: whoever asks more is told to wait for answers, and may ask again then', async () => {
  const own = await start('none');
  const call = async () => own.port.call('activation.identity.forward', { x: { shape: [1], data: [0] } });
  const asked = Array.from({ length: FULL }, call); // nothing is sent before this turn ends
  await expect(call()).rejects.toThrow(
    new RegExp(
      `^activation\\.identity\\.forward: ${FULL} calls wait for .* already; wait for answers before you ask more$`,
    ),
  );
  expect((await Promise.all(asked)).length).toBe(FULL);
  await call();
  await own.close();
  expect(own.strays).toEqual([]);
});

test('a command is shown as a shell reads it', () => {
  expect(commandText(['python3', 'my port.py', "it's", '--n=1'])).toBe("python3 'my port.py' 'it'\\''s' --n=1");
});
