// The two ways to use the compiler: a pure function once, and a step again and again over a state that stays where it is.
import { DomainError } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import type { Lang } from '../ops/lang.ts';
import type { Mode } from './arithmetic.ts';
import { type Machine, machineOf } from './machine.ts';
import { type Buffer, type Dtype, type Program, type Pure, trace } from './program.ts';
import type { Threads } from './threads.ts';

export interface CompileOptions {
  /** The numbers it deals in: f64 unless named. Tensors hold doubles, which come in rounded and go out exactly. */
  readonly dtype?: Dtype;
  /** `reproducible` unless named. */
  readonly mode?: Mode;
  /** Threads that share out what is large, see `startThreads`; results are the same bits as without. */
  readonly threads?: Threads;
}

/** Makes something for a list of shapes when it is first asked for, and keeps it as long as itself. */
const perShapes = <M>(make: (shapes: readonly Shape[]) => M): ((xs: readonly Tensor[]) => M) => {
  const known = new Map<string, M>();
  return (xs) => {
    const shapes = xs.map((x) => x.shape);
    const key = shapes.join(';');
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(shapes);
    known.set(key, made);
    return made;
  };
};

const put = (buffers: readonly Buffer[], xs: readonly Tensor[], from = 0): void => {
  for (const [i, x] of xs.entries()) buffers[from + i]?.set(x.view);
};
const taken = (program: Program, v: number | undefined, buffer: Buffer): Tensor =>
  Tensor.from(program.equations[v ?? 0]?.shape ?? [], buffer);

/**
 * A pure function, compiled: traced once for every list of shapes, and a function of tensors again. What it returns are
 * copies; what it holds is collected with it.
 * @throws ShapeError as the function itself would
 */
export const compile = (
  f: Pure,
  { dtype = 'f64', ...options }: CompileOptions = {},
): ((xs: readonly Tensor[]) => readonly Tensor[]) => {
  const machineFor = perShapes((shapes) => machineOf(trace(f, shapes, dtype), options));
  return (xs) => {
    const { program, inputs, outputs, run } = machineFor(xs);
    put(inputs, xs);
    run(1);
    return outputs.map((out, i) => taken(program, program.outputs[i], out));
  };
};

/** A pure step: state and inputs to the next state and what else it tells. */
export type Step = <T>(
  o: Lang<T>,
  state: readonly T[],
  inputs: readonly T[],
) => { readonly state: readonly T[]; readonly outputs: readonly T[] };

export interface Scanned {
  readonly state: readonly Tensor[];
  /** Of every step, in order. */
  readonly outputs: readonly (readonly Tensor[])[];
}

/** A scan under way. Its state is where the machine has it; what is read are copies. */
export interface Underway {
  readonly run: (steps: number) => void;
  readonly state: () => readonly Tensor[];
  /** Of the last step. */
  readonly outputs: () => readonly Tensor[];
}

/** A step, compiled. */
export interface Scan {
  /** Ready to run on the same inputs, as often as one likes; a machine of its own. */
  readonly start: (state: readonly Tensor[], inputs: readonly Tensor[]) => Underway;
  /** One step for each of these inputs. */
  readonly over: (state: readonly Tensor[], inputs: Iterable<readonly Tensor[]>) => Scanned;
  /** So many steps on the same inputs; tells the outputs of the last. */
  readonly repeat: (state: readonly Tensor[], inputs: readonly Tensor[], steps: number) => Scanned;
}

/**
 * A step whose state stays in the arena over all steps: nothing is allocated between them but what outputs are copied to. A number of
 * the state that only goes on by a whole number is a count: a double even among singles, so that it does not end at 2²⁴.
 * @throws DomainError when the next state is not one value for each of the state
 */
export const scan = (step: Step, { dtype = 'f64', ...options }: CompileOptions = {}): Scan => {
  const made = (n: number, shapes: readonly Shape[]): Machine => {
    const program = trace(
      (o, xs) => {
        const next = step(o, xs.slice(0, n), xs.slice(n));
        if (next.state.length !== n)
          throw new DomainError(`scan: a step must return ${n} values of the state, got ${next.state.length}`);
        return [...next.state, ...next.outputs];
      },
      shapes,
      dtype,
    );
    for (const [i, input] of program.inputs.slice(0, n).entries()) {
      const [before, after] = [input, program.outputs[i]].map((v) => program.equations[v ?? 0]?.shape.join());
      if (before !== after)
        throw new DomainError(`scan: value ${i} of the state must keep its shape, got [${before}] to [${after}]`);
    }
    return machineOf(program, { ...options, state: n });
  };
  const machines = new Map<number, (xs: readonly Tensor[]) => Machine>();
  const machineFor = (n: number): ((xs: readonly Tensor[]) => Machine) => {
    const machine = machines.get(n) ?? perShapes((shapes) => made(n, shapes));
    machines.set(n, machine);
    return machine;
  };
  const whole = (steps: number): number => {
    if (!Number.isInteger(steps) || steps < 0)
      throw new DomainError(`scan: the number of steps must be a whole one, got ${steps}`);
    return steps;
  };
  const stateOf = ({ program, inputs }: Machine, n: number): readonly Tensor[] =>
    inputs.slice(0, n).map((x, i) => taken(program, program.inputs[i], x));
  const outputsOf = ({ program, outputs }: Machine, n: number): readonly Tensor[] =>
    outputs.slice(n).map((out, i) => taken(program, program.outputs[n + i], out));
  // a function of its own, so that what it returns does not hold the state that it began with
  const underway = (machine: Machine, n: number): Underway => ({
    run: (steps) => machine.run(whole(steps)),
    state: () => stateOf(machine, n),
    outputs: () => outputsOf(machine, n),
  });
  return {
    over: (state, inputs) => {
      const told: (readonly Tensor[])[] = [];
      let machine: Machine | null = null;
      for (const xs of inputs) {
        const now = machineFor(state.length)([...state, ...xs]);
        // another shape of inputs is another machine, which takes the state over
        if (now !== machine) put(now.inputs, machine === null ? state : stateOf(machine, state.length));
        machine = now;
        put(now.inputs, xs, state.length);
        now.run(1);
        told.push(outputsOf(now, state.length));
      }
      return { state: machine === null ? state : stateOf(machine, state.length), outputs: told };
    },
    repeat: (state, inputs, steps) => {
      if (whole(steps) === 0) return { state, outputs: [] };
      const machine = machineFor(state.length)([...state, ...inputs]);
      put(machine.inputs, [...state, ...inputs]);
      machine.run(steps);
      return { state: stateOf(machine, state.length), outputs: [outputsOf(machine, state.length)] };
    },
    start: (state, inputs) => {
      const xs = [...state, ...inputs];
      const machine = made(
        state.length,
        xs.map((x) => x.shape),
      );
      put(machine.inputs, xs);
      return underway(machine, state.length);
    },
  };
};
