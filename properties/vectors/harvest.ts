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

/** A number of an answer that is made up: the k-th of all, at a place of a field of so many, of a call. */
type Made = (k: number, at: number, size: number, call: number) => number;

const irregular = (k: number): number => 1 + (2 * k + 1) * 2 ** -40;
/** Next to nothing, each another one, of either sign. */
const small: Made = (k) => irregular(k) * (k % 2 === 0 ? 1 : -1) * 2 ** (((k * 7) % 16) - 40);
/** Large ones, of the other sign, and now and then 0: what is decided by order, size, sign or zero is decided otherwise. */
const large: Made = (k, at, size, call) =>
  at === 0 && (size > 1 || call % 2 === 0) ? 0 : irregular(k) * (k % 2 === 0 ? -1 : 1) * 2 ** (20 + ((k * 5) % 16));

/** What a law compares when every answer has the form of the port's own, and numbers that are made up. */
const hear = async (
  port: Port,
  inquiry: Inquiry<{ readonly compared?: readonly Compared[] }>,
  made: Made,
): Promise<Heard> => {
  const { round } = FORMATS[port.dtype];
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
      const size = numbersIn(v).length;
      let at = 0;
      return [
        field,
        withNumbers(v, () => {
          const x = round(made(next++, at, size, call));
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
 * The vectors of a law on one input. What it expects may depend on the input alone, not on what was answered, which is made up
 * in two ways that have nothing in common. Comparisons of anything but the numbers of an answer as they are give none.
 */
export const harvest = async (law: Law, port: Port, subject: string, input: unknown): Promise<readonly Case[]> => {
  const asked = (made: Made): Promise<Heard> => hear(port, law.holds(structuredClone(input), port, subject), made);
  let first: Heard;
  let second: Heard;
  try {
    first = await asked(small);
    second = await asked(large);
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
      const same = Object.is(e.value, again.expected[j]?.value) && bound === again.allowed[j];
      if (place === undefined || !same || !samePlace(place, again.got[j] as number, second)) return;
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

/** Whether a number comes from that place; zeros do not tell theirs. */
const samePlace = (place: Place, got: number, { places }: Heard): boolean => {
  const there = places.get(got);
  return got === 0 || (there?.call === place.call && there.field === place.field && there.at === place.at);
};

const sameNumbers = (a: unknown, b: unknown): boolean => {
  const [x, y] = [numbersIn(a), numbersIn(b)];
  return x.every((v, i) => Object.is(v, y[i]));
};
