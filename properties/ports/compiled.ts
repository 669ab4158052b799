// The compiled engine as a port: the built-in one's text, read as symbols, compiled at every call.
import { type Dtype, type Mode, printed, scan, type TracedProgram } from '../../src/index.ts';
import { type Machine, machineOf, type Tracer, tracer } from '../../src/internal.ts';
import { startThreads } from '../../src/node.ts';
import type { Args } from '../contract.ts';
import { type Adapter, definePort, type Port } from '../port.ts';
import { elementCalls } from './home/elements.ts';
import { layerCalls } from './home/layers.ts';
import { modelCalls } from './home/models.ts';
import { optimCalls } from './home/optim.ts';
import { regularCalls } from './home/regular.ts';
import type { Entries, Kit } from './home/shared.ts';
import { homeAdapter } from './home.ts';

export interface Variant {
  readonly dtype: Dtype;
  readonly mode: Mode;
  /** How many threads, each of which has a part of everything; one unless named. */
  readonly threads?: number;
}

/** What one call has asked for so far: values that come in, and results whose numbers come when it ends. */
interface Session {
  readonly tracing: Tracer;
  readonly given: ArrayLike<number>[];
  readonly asked: { readonly symbol: number; readonly into: number[] }[];
  /** What is put together when the numbers have come. */
  readonly later: (() => void)[];
}

/** Entries whose every number is a symbol while they run; a call is compiled and run when it has returned. */
const compiledEntries = ({ dtype, mode, threads: count }: Variant): Entries => {
  const threads = count === undefined ? {} : { threads: startThreads(count) };
  const now: { session: Session | null } = { session: null };
  const session = (): Session => {
    if (now.session === null) throw new Error('compiled: a symbol is used outside its call');
    return now.session;
  };
  const given = (shape: readonly number[], data: ArrayLike<number>): number => {
    session().given.push(data);
    return session().tracing.input(shape);
  };
  const asked = (symbol: number): number[] => {
    const into: number[] = [];
    session().asked.push({ symbol, into });
    return into;
  };
  const kit: Kit<number> = {
    // the language of the call that is running
    o: new Proxy({} as Kit<number>['o'], { get: (_, name) => Reflect.get(session().tracing.symbols, name) }),
    tensor: ({ shape, data }) => given(shape, data),
    scalar: (value) => given([], [value]),
    plain: (t) => ({ shape: session().tracing.symbols.shape(t), data: asked(t) }),
    vector: (ts) => {
      const parts = ts.map(asked);
      const data: number[] = [];
      session().later.push(() => data.push(...parts.flat()));
      return { shape: [ts.length], data };
    },
    scanned: (step, state, inputs) => scan(step, { dtype, mode, ...threads }).over(state, inputs).outputs,
  };
  const machines = new Map<string, Machine>();
  /** Equal programs have one machine; the oldest makes room. */
  const machineFor = (program: TracedProgram): Machine => {
    const key = printed(program);
    const machine = machines.get(key) ?? machineOf(program, { mode, ...threads, least: 0 });
    machines.delete(key);
    machines.set(key, machine);
    const [oldest] = machines.keys();
    if (machines.size > MACHINES && oldest !== undefined) machines.delete(oldest);
    return machine;
  };
  const finish = ({ tracing, given: values, asked: wanted, later }: Session): void => {
    const program = tracing.program(wanted.map((w) => w.symbol));
    const machine = machineFor(program);
    for (const [i, data] of values.entries()) machine.inputs[i]?.set(data);
    machine.run(1);
    wanted.forEach(({ into }, i) => {
      for (const v of machine.outputs[i] ?? []) into.push(v);
    });
    for (const f of later) f();
  };
  const compiledCall =
    (call: (args: never) => Args | Promise<Args>) =>
    (args: never): Args => {
      now.session = { tracing: tracer(dtype), given: [], asked: [], later: [] };
      try {
        const answer = call(args) as Args; // none of them waits
        finish(now.session);
        return answer;
      } finally {
        now.session = null;
      }
    };
  const layers = { ...layerCalls(kit).layer, ...regularCalls(kit).layer };
  const all: Entries = {
    ...elementCalls(kit),
    ...optimCalls(kit),
    ...modelCalls(kit),
    ...regularCalls(kit),
    layer: layers,
  };
  return Object.fromEntries(
    Object.entries(all).map(([kind, names]) => [
      kind,
      Object.fromEntries(
        Object.entries(names).map(([name, calls]) => [
          name,
          Object.fromEntries(
            Object.entries(calls).flatMap(([call, f]) => (EAGER.has(call) ? [] : [[call, compiledCall(f)]])),
          ),
        ]),
      ),
    ]),
  );
};
/** Machines that are kept. */
const MACHINES = 300;
/** Calls that start a layer, which nothing is compiled for. */
const EAGER = new Set(['start']);

export const compiledPort = (variant: Variant): Port => {
  const { hyper, ops, parts, version } = homeAdapter;
  const adapter: Adapter = {
    engine: `tautograd, compiled, ${variant.mode}${variant.threads === undefined ? '' : `, ${variant.threads} threads`}`,
    version,
    dtype: variant.dtype,
    ...(hyper === undefined ? {} : { hyper }),
    ...(ops === undefined ? {} : { ops }),
    ...(parts === undefined ? {} : { parts }),
    entries: compiledEntries(variant),
  };
  return definePort(adapter);
};

export default compiledPort({ dtype: 'f64', mode: 'reproducible' });
