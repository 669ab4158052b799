// Judges answers by vectors alone: no law is run, and no oracle is asked.
import { type Args, mayLeaveOut } from '../contract.ts';
import { type Port, PortError, type PortInfo } from '../port.ts';
import { answered } from '../run.ts';
import { compare, exactly } from '../tolerance.ts';
import { formOf, type Known, numbersIn } from './case.ts';
import type { Answered, Numbered } from './files.ts';

/** Why an answer is wrong: where, and by how much. */
export interface Wrong {
  readonly field: string;
  /** Which of its numbers; −1 where the form is wrong. */
  readonly at: number;
  readonly expected: number | string;
  readonly got: number | string;
  readonly allowed: number;
}

/** What became of one case. */
export interface Outcome {
  readonly id: string;
  readonly op: string;
  readonly by: string;
  readonly status: 'right' | 'wrong' | 'crashed' | 'not covered';
  /** Largest observed ÷ allowed error. */
  readonly margin: number;
  readonly wrong?: Wrong;
  readonly why?: string;
}

/** The most of a form that a sentence shows. */
const SHOWN = 120;
const shown = (v: unknown): string => (v === undefined ? 'nothing' : formOf(v).slice(0, SHOWN));

const judgeField = (
  field: string,
  { value, allowed, signed }: Known,
  got: unknown,
): { margin: number; wrong?: Wrong } => {
  if (formOf(got) !== formOf(value) || got === undefined)
    return {
      margin: Number.POSITIVE_INFINITY,
      wrong: { field, at: -1, expected: shown(value), got: shown(got), allowed: 0 },
    };
  const { ok, margin, worst } = compare(numbersIn(got), numbersIn(value).map(exactly), allowed, {
    zeros: signed ? 'signed' : 'equal',
  });
  if (ok || worst === null) return { margin };
  return {
    margin,
    wrong: { field, at: worst.index, expected: worst.expected, got: worst.got, allowed: worst.allowed },
  };
};

/** One answer against its case. */
export const judge = ({ id, op, by, known }: Numbered, answer: Args): Outcome => {
  const fields = Object.entries(known)
    .filter(([field]) => answer[field] !== undefined || !mayLeaveOut(op, field))
    .map(([field, k]) => judgeField(field, k, answer[field]));
  const margin = fields.reduce((m, f) => Math.max(m, f.margin), 0);
  const wrong = fields.find((f) => f.wrong !== undefined)?.wrong;
  return {
    id,
    op,
    by,
    status: wrong === undefined ? 'right' : 'wrong',
    margin,
    ...(wrong === undefined ? {} : { wrong }),
  };
};

const idle = ({ id, op, by }: Numbered, why: string): Outcome => ({
  id,
  op,
  by,
  status: 'not covered',
  margin: 0,
  why,
});

interface Layered {
  readonly type?: string;
  readonly layers?: readonly Layered[];
}
const typesOf = (layers: readonly Layered[]): readonly string[] =>
  layers.flatMap(({ type = '', layers: inner = [] }) => [type, ...typesOf(inner)]);

/** Why a port cannot be asked a case, or null: what it does not declare. */
export const undeclared = (port: PortInfo, { op, args }: Numbered): string | null => {
  if (!port.has(op)) return `${op} is not declared`;
  const [kind = '', name = ''] = op.split('.');
  const {
    equations = [],
    layers = [],
    hyper = {},
    regulariser,
  } = args as {
    readonly equations?: readonly { readonly op: string }[];
    readonly layers?: readonly Layered[];
    readonly hyper?: object;
    readonly regulariser?: unknown;
  }; // as the contract has them
  const strange = equations.find((e) => !port.ops.includes(e.op));
  if (strange !== undefined) return `the operation ${strange.op} is not declared`;
  if (kind === 'model') {
    const parts = [...typesOf(layers), ...(regulariser === undefined ? [] : ['regulariser'])];
    const part = parts.find((t) => !['dense', 'activation', ...port.parts].includes(t));
    if (part !== undefined) return `the part ${part} is not declared`;
  }
  const takes = port.hyper[name];
  const key =
    kind === 'optimizer' && takes !== undefined ? Object.keys(hyper).find((k) => !takes.includes(k)) : undefined;
  if (key !== undefined && !op.endsWith('.accepts')) return `the hyper-parameter ${key} is not declared`;
  return null;
};

/** Calls that are under way at once, for programs that answer by the batch. */
const AT_ONCE = 64;

/** Asks a port every case, and judges its answers. */
export async function* judgePort(port: Port, cases: readonly Numbered[], timeout?: number): AsyncGenerator<Outcome> {
  const one = async (c: Numbered): Promise<Outcome> => {
    const why = undeclared(port, c);
    if (why !== null) return idle(c, why);
    try {
      return judge(c, await answered(port, c.op, structuredClone(c.args), timeout));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return { ...idle(c, error.message), status: 'crashed', margin: Number.POSITIVE_INFINITY };
    }
  };
  for (let i = 0; i < cases.length; i += AT_ONCE) yield* await Promise.all(cases.slice(i, i + AT_ONCE).map(one));
}

/** Judges a file of answers; cases without an answer are not covered. @throws RangeError for an id that no case has */
export const judgeAnswers = (cases: readonly Numbered[], answers: readonly Answered[]): readonly Outcome[] => {
  const by = new Map(answers.map((a) => [a.id, a.outputs]));
  const ids = new Set(cases.map((c) => c.id));
  const strange = answers.find((a) => !ids.has(a.id));
  if (strange !== undefined) throw new RangeError(`vectors: there is no case ${strange.id}`);
  return cases.map((c) => {
    const outputs = by.get(c.id);
    return outputs === undefined || outputs === null ? idle(c, 'there is no answer') : judge(c, outputs);
  });
};
