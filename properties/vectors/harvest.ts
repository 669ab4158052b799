// What a law knows of an answer before there is one: it is asked twice with nonsense for answers, and what it expects both times is golden.
import type { Args } from '../contract.ts';
import { Answer, type Compared, type Inquiry, type Law } from '../law.ts';
import type { Port } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { type Case, formOf, type Known, numbersIn, reach, withNumbers } from './case.ts';

/** A number of an answer: of which call, in which field, at which place among its numbers. */
interface Place {
  readonly call: number;
  readonly field: string;
  readonly at: number;
}

interface Asked {
  readonly entry: string;
  readonly args: Args;
  readonly form: Args;
}

interface Heard {
  readonly calls: readonly Asked[];
  readonly places: ReadonlyMap<number, Place>;
  readonly compared: readonly Compared[];
}

/** Numbers that no law expects, each another one, of either sign and of many sizes. */
const strange = (k: number): number =>
  (1 + (2 * k + 1) * 2 ** -40) * (k % 2 === 0 ? 1 : -1) * 2 ** (((k * 7) % 41) - 20);

/** What a law compares when every answer has the form of the port's own, and numbers that are made up. */
const hear = async (
  port: Port,
  inquiry: Inquiry<{ readonly compared?: readonly Compared[] }>,
  made: (k: number) => number,
): Promise<Heard> => {
  const calls: Asked[] = [];
  const places = new Map<number, Place>();
  let next = 0;
  let turn = inquiry.next();
  while (!turn.done) {
    const { entry, args } = turn.value;
    const form = await port.call(entry, structuredClone(args));
    const call = calls.length;
    calls.push({ entry, args, form });
    const fields = Object.entries(form).map(([field, v]) => {
      let at = 0;
      return [
        field,
        withNumbers(v, () => {
          const x = made(next++);
          places.set(x, { call, field, at: at++ });
          return x;
        }),
      ] as const;
    });
    turn = inquiry.next(new Answer(Object.fromEntries(fields)));
  }
  return { calls, places, compared: turn.value.compared ?? [] };
};

interface Found {
  readonly expected: number;
  readonly allowed: number;
  signed: boolean;
}

/**
 * The vectors of a law on one input. What it expects may depend on the input alone: not on what was answered, which is made up,
 * and which is zero everywhere the second time. Comparisons of anything but numbers of an answer give none.
 */
export const harvest = async (law: Law, port: Port, subject: string, input: unknown): Promise<readonly Case[]> => {
  const asked = (made: (k: number) => number): Promise<Heard> =>
    hear(port, law.holds(structuredClone(input), port, subject), made);
  let first: Heard;
  let second: Heard;
  try {
    first = await asked((k) => FORMATS[port.dtype].round(strange(k)));
    second = await asked(() => 0);
  } catch {
    return []; // it works with answers, or the input decides nothing
  }
  const found = new Map<string, Map<number, Found>>();
  first.compared.forEach(({ got, expected, allowed, zeros }, i) => {
    const again = second.compared[i];
    if (again?.expected.length !== expected.length) return;
    expected.forEach((e, j) => {
      const place = first.places.get(got[j] as number); // in range: compared lists are of one length, or no vectors
      const bound = allowed[j] ?? 0;
      if (place === undefined || !Object.is(e.value, again.expected[j]?.value) || bound !== again.allowed[j]) return;
      const key = `${place.call} ${place.field}`;
      const own = found.get(key) ?? new Map<number, Found>();
      found.set(key, own);
      const before = own.get(place.at);
      const signed = zeros === 'signed' || before?.signed === true;
      const now = { expected: e.value, allowed: reach(e, bound, port.dtype), signed };
      own.set(place.at, before !== undefined && before.allowed <= now.allowed ? { ...before, signed } : now);
    });
  });
  return first.calls.flatMap(({ entry, args, form }, call): readonly Case[] => {
    if (formOf(args) !== formOf(second.calls[call]?.args) || !sameNumbers(args, second.calls[call]?.args)) return [];
    const known = Object.entries(form).flatMap(([field, v]): readonly (readonly [string, Known])[] => {
      const own = found.get(`${call} ${field}`);
      const size = numbersIn(v).length;
      if (own === undefined || own.size < size) return []; // a field is known whole, or not at all
      const all = Array.from({ length: size }, (_, at) => own.get(at) as Found); // as many as there are places
      let next = 0;
      const value = withNumbers(v, () => all[next++]?.expected ?? Number.NaN);
      return [[field, { value, allowed: all.map((f) => f.allowed), signed: all.some((f) => f.signed) }]];
    });
    return known.length === 0 ? [] : [{ op: entry, args, by: law.id, known: Object.fromEntries(known) }];
  });
};

const sameNumbers = (a: unknown, b: unknown): boolean => {
  const [x, y] = [numbersIn(a), numbersIn(b)];
  return x.every((v, i) => Object.is(v, y[i]));
};
