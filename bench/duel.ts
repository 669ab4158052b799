// Engines side by side: every workload checked, then timed in interleaved rounds, each engine in a process of its own.
import { calmBy, settle } from './calm.ts';
import { flopsProbe, limits } from './limits.ts';
import { type Machine, machineOf } from './machine.ts';
import { awake, calmOf, measureRounds, type Progress, type Samples, timingOf } from './measure.ts';
import { PeerFault, type Remote, startBeside } from './remote.ts';
import { bestOf, type Limits, shareOf } from './share.ts';
import { type Interval, median, ratioOfMedians } from './statistics.ts';
import {
  type Arrays,
  type Check,
  type Dtype,
  faultOf,
  inputsOf,
  kindOf,
  type Outputs,
  WORKLOADS,
  type Workload,
} from './workloads.ts';

/** What an adapter is written in. */
export type Language = 'JavaScript' | 'Python';

/** An engine in one configuration, and how it is started. */
export interface Contender {
  readonly name: string;
  readonly language: Language;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is an engine of ours, which the others are measured by. */
  readonly ours: boolean;
}

export interface Contestant {
  readonly name: string;
  readonly language: Language;
  readonly ours: boolean;
  readonly version: string;
  readonly dtype: Dtype;
  readonly threads: number;
}

/** Ours ÷ theirs in what is done per second, against the engine of ours that is nearest in format and threads. */
export interface Lead extends Interval {
  readonly against: string;
}

/** One engine on one workload. */
export interface Standing {
  readonly workload: string;
  readonly engine: string;
  readonly outcome: 'timed' | 'wrong' | 'failed';
  /** What is wrong, or what the engine does in its own way. */
  readonly note?: string;
  /** In the unit of the workload, per second. */
  readonly median?: number;
  readonly best?: number;
  /** Median distance from the median. */
  readonly mad?: number;
  readonly medianNs?: number;
  readonly samples?: number;
  readonly callsPerSample?: number;
  /** Rounds, and those that others on the machine disturbed, where that is watched; the figures are of the others if there are enough. */
  readonly calm?: { readonly rounds: number; readonly disturbed: number };
  /** Of the limit measured in the same rounds. */
  readonly share?: number;
  readonly lead?: Lead;
}

export interface DuelReport {
  readonly schema: 1;
  /** The day of the run, by the clock of Greenwich. */
  readonly date: string;
  /** Before the run. */
  readonly machine: Machine;
  /** Load after it, of which the run itself is 1. */
  readonly loadAfter: number;
  readonly protocol: {
    readonly rounds: number;
    readonly timePerTaskMs: number;
    /** How long a turn may wait for calm, and be done again; absent where that is not watched. */
    readonly patienceMs?: number;
  };
  readonly limits: Limits | null;
  readonly engines: readonly Contestant[];
  /** Those that did not start, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly chapter: string;
    readonly doc: string;
    readonly unit: string;
  }[];
  readonly rows: readonly Standing[];
}

export interface DuelOptions {
  readonly workloads?: readonly Workload[];
  readonly rounds?: number;
  /** Time for each engine on each workload over all rounds, in ms. */
  readonly timePerTask?: number;
  /** In ms: an engine that has taken longer on one workload has no further turn there. */
  readonly mostPerTask?: number;
  /** In ms: how long each turn may wait until nobody else disturbs, where threads can be kept on a processor; 0 to take it as it comes. */
  readonly patience?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what came of one engine on one workload. */
  readonly onStanding?: (standing: Standing) => void;
}

const ROUNDS = 7;
const TIME_PER_TASK = 1400;
/** In ms: hosts compile WebAssembly for speed only when it has run for a while. */
const WARM_UP = 300;
/** How long a turn waits for calm in a report, in ms. */
export const PATIENCE = 1000;
const MOST_PER_TASK = 10_000;
/** Rounds below which an interval would be a pretence. */
const FEW = 3;
/** In ms: the way to another process and back is a hundredth of it. */
const SHORTEST_SAMPLE = 10;
/** Threads of an engine that has finished keep turning for a while; the next one waits for them. */
const REST = 30;

/** An engine that differs from the workload has learnt when its loss has fallen by a tenth after so many calls. */
const LEARNS = { calls: 3000, to: 0.9 };

const learns = async (peer: Remote, { kind, sizes }: Workload, inputs: Arrays): Promise<string | null | undefined> => {
  if (!(await peer.prepare(kind, sizes, inputs))) return undefined;
  const lossAfter = async (calls: number): Promise<number> => {
    await peer.time(calls);
    return (await peer.outputs()).loss?.[0] ?? Number.NaN;
  };
  const [first, last] = [await lossAfter(1), await lossAfter(LEARNS.calls)];
  return last < LEARNS.to * first ? null : `the loss does not fall: ${first}, then ${last}`;
};

/** A fault in words, null where the engine is right, undefined where it cannot do the workload. */
const passes = async (
  peer: Remote,
  { kind, sizes }: Workload,
  check: Check,
  expected: (sizes: object, calls: number) => Promise<Outputs>,
): Promise<string | null | undefined> => {
  const asked = { ...sizes, ...check.sizes };
  const inputs = inputsOf(kind, asked);
  if (!(await peer.prepare(kind, asked, inputs))) return undefined;
  if (check.by === 'draws') {
    const seen: Outputs[] = [];
    for (let i = 0; i < 2; i++) {
      await peer.time(1);
      seen.push(await peer.outputs());
    }
    return check.judge(seen[0] ?? {}, seen[1] ?? {});
  }
  await peer.time(check.calls);
  return faultOf(check, peer.dtype, inputs, await peer.outputs(), await expected(asked, check.calls));
};

/** Outputs of the reference, each computed once. */
const referenceOf = (peer: Remote, { kind }: Workload) => {
  const known = new Map<string, Outputs>();
  return async (sizes: object, calls: number): Promise<Outputs> => {
    const key = JSON.stringify([sizes, calls]);
    const before = known.get(key);
    if (before !== undefined) return before;
    if (!(await peer.prepare(kind, sizes, inputsOf(kind, sizes))))
      throw new Error(`duel: the reference cannot do ${kind}`);
    await peer.time(calls);
    const outputs = await peer.outputs();
    known.set(key, outputs);
    return outputs;
  };
};

interface Ready {
  readonly contender: Contender;
  readonly peer: Remote;
}

type Verdict = { readonly outcome: 'right' } | { readonly outcome: 'absent' } | Standing;

/** Whether an engine computes what the workload is; it stands ready to be timed then. */
const verdictOf = async (
  { contender, peer }: Ready,
  workload: Workload,
  expected: (sizes: object, calls: number) => Promise<Outputs>,
): Promise<Verdict> => {
  const { kind, sizes } = workload;
  const named = { workload: workload.id, engine: contender.name };
  try {
    const inputs = inputsOf(kind, sizes);
    const faults =
      peer.differs[kind] === undefined
        ? kindOf(kind).checks.map((check) => () => passes(peer, workload, check, expected))
        : [() => learns(peer, workload, inputs)];
    for (const faultIn of faults) {
      const fault = await faultIn();
      if (fault === undefined) return { outcome: 'absent' };
      if (fault !== null) return { ...named, outcome: 'wrong', note: fault };
    }
    await peer.prepare(kind, sizes, inputs);
    return { outcome: 'right' };
  } catch (error) {
    if (!(error instanceof PeerFault)) throw error;
    return { ...named, outcome: 'failed', note: error.message };
  }
};

interface Mine extends Contestant {
  readonly ns: number;
  readonly rounds: readonly number[];
}

/** The engine of ours to compare with: of the same format and threads if there is one, then of the same format; the fastest of those. */
const rivalOf = (theirs: Contestant, ours: readonly Mine[]) => {
  const fastest = [...ours].sort((a, b) => a.ns - b.ns);
  return (
    fastest.find((e) => e.dtype === theirs.dtype && e.threads === theirs.threads) ??
    fastest.find((e) => e.dtype === theirs.dtype) ??
    fastest[0]
  );
};

const leadOf = ({ name, rounds }: Mine, theirs: readonly number[]): Lead => {
  const interval = ratioOfMedians(rounds, theirs);
  const known = Math.min(rounds.length, theirs.length) >= FEW;
  return { against: name, ...interval, ...(known ? {} : { low: 0, high: Number.POSITIVE_INFINITY }) };
};

const facts = ({ contender, peer }: Ready): Contestant => {
  const { version, dtype, threads } = peer;
  const { name, language, ours } = contender;
  return { name, language, ours, version, dtype, threads };
};

/** The limit of arithmetic as a yardstick, which is read beside every turn of every engine: processors change their pace. */
const peak = () => {
  const probe = flopsProbe('f32', true);
  const flops = probe.run(YARD);
  const time = (calls: number): number => {
    const from = performance.now();
    probe.run(YARD * calls);
    return performance.now() - from;
  };
  return { yardstick: { name: 'limit', time }, flops };
};
/** Turns of the probe in a call: some microseconds. */
const YARD = 1000;

/** The median over rounds of the share of the limit, whose arithmetic is what it was in the same round. */
const shareIn = (found: Limits, workload: Workload, dtype: Dtype, { rounds, yardstick }: Samples, flops: number) =>
  median(
    rounds.map((ns, round) => {
      const pace = flops / ((yardstick[round] as number) * found.fmaF32); // one for every round
      const now = { ...found, fmaF32: found.fmaF32 * pace, fmaF64: found.fmaF64 * pace };
      return shareOf(now, workload, dtype, median(ns));
    }),
  );

/** What the samples of all engines on one workload say. */
const standingsOf = (
  workload: Workload,
  seen: readonly { readonly ready: Ready; readonly samples: Samples }[],
  found: Limits | null,
  flops: number,
): readonly Standing[] => {
  const { perCall } = workload.unit;
  const timed = seen.map(({ ready, samples }) => ({ ready, samples: calmOf(samples), disturbed: samples.disturbed }));
  const rounds = timed.map(({ samples }) => samples.rounds.map(median));
  const mine: readonly Mine[] = timed.flatMap(({ ready, samples }, i) =>
    ready.contender.ours ? [{ ...facts(ready), ns: timingOf(samples).medianNs, rounds: rounds[i] ?? [] }] : [],
  );
  return timed.map(({ ready, samples, disturbed }, i) => {
    const { contender, peer } = ready;
    const rates = samples.rounds.flat().map((ns) => (perCall / ns) * 1e9);
    const timing = timingOf(samples);
    const middle = (perCall / timing.medianNs) * 1e9;
    const rival = contender.ours ? undefined : rivalOf(facts(ready), mine);
    const note = peer.differs[workload.kind];
    return {
      workload: workload.id,
      engine: contender.name,
      outcome: 'timed',
      ...(note === undefined ? {} : { note }),
      median: middle,
      best: Math.max(...rates),
      mad: median(rates.map((r) => Math.abs(r - middle))),
      medianNs: timing.medianNs,
      samples: timing.samples,
      callsPerSample: timing.callsPerSample,
      ...(disturbed.length > 0
        ? { calm: { rounds: disturbed.length, disturbed: disturbed.filter((d) => d).length } }
        : {}),
      ...(found === null ? {} : { share: shareIn(found, workload, peer.dtype, samples, flops) }),
      // theirs over ours in time is ours over theirs in speed
      ...(rival === undefined ? {} : { lead: leadOf(rival, rounds[i] ?? []) }),
    };
  });
};

/** Times an engine; one that fails is asked no more, and the others are timed on. */
const guarded =
  (one: Ready, faults: Map<Ready, string>) =>
  async (calls: number): Promise<number> => {
    if (faults.has(one)) return calls * GIVEN_UP;
    try {
      return await one.peer.time(calls);
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error;
      faults.set(one, error.message);
      return calls * GIVEN_UP;
    }
  };
/** In ms: long enough for a turn to end at once. */
const GIVEN_UP = 1e6;

/**
 * Runs all contenders on all workloads. An engine whose result is wrong, or that fails, is reported so and not timed; one
 * that cannot do a workload is left out there.
 * @throws RangeError without any contender
 */
export const runDuel = async (
  contenders: readonly Contender[],
  reference: Contender,
  {
    workloads = WORKLOADS,
    rounds = ROUNDS,
    timePerTask = TIME_PER_TASK,
    mostPerTask = MOST_PER_TASK,
    patience = 0,
    onProgress = () => {},
    onStanding = () => {},
  }: DuelOptions = {},
): Promise<DuelReport> => {
  if (contenders.length === 0) throw new RangeError('duel: at least one engine is needed, got none');
  const machine = machineOf(); // before the load that the measurement itself makes
  const open: Remote[] = [];
  const where = patience > 0 ? settle() : null;
  const started = async ({ command, env }: Contender): Promise<Remote> => {
    const peer = await startBeside(where, command, env === undefined ? {} : { env });
    open.push(peer);
    return peer;
  };
  try {
    const calm = where === null ? {} : { calm: { by: calmBy(), patience } };
    const judge = await started(reference);
    const before = await limits();
    const { yardstick, flops } = peak();
    const ready: Ready[] = [];
    const missing: { readonly name: string; readonly why: string }[] = [];
    for (const contender of contenders)
      try {
        ready.push({ contender, peer: await started(contender) });
      } catch (error) {
        if (!(error instanceof PeerFault)) throw error;
        missing.push({ name: contender.name, why: error.message });
      }
    const timed: {
      readonly workload: Workload;
      readonly of: { readonly ready: Ready; readonly samples: Samples }[];
    }[] = [];
    const faulty: Standing[] = [];
    const tell = (standing: Standing): void => {
      faulty.push(standing);
      onStanding(standing);
    };
    for (const [w, workload] of workloads.entries()) {
      const expected = referenceOf(judge, workload);
      const right: Ready[] = [];
      for (const [i, one] of ready.entries()) {
        onProgress({ done: w, total: workloads.length, label: `${workload.id}: check ${one.contender.name}` });
        const verdict = await verdictOf(one, workload, expected);
        if (verdict.outcome === 'right') right.push(one);
        else if (verdict.outcome !== 'absent') tell(verdict);
        if (verdict.outcome === 'failed') ready[i] = { ...one, peer: await started(one.contender) }; // it may have ended
      }
      const faults = new Map<Ready, string>();
      const samples = await measureRounds(
        right.map((one) => ({ name: one.contender.name, time: guarded(one, faults) })),
        {
          timePerTask,
          warmUp: Math.max(WARM_UP, timePerTask / 5),
          rounds,
          shortestSample: SHORTEST_SAMPLE,
          leastSamples: 1,
          mostPerTask,
          yardstick,
          ...calm,
          pause: () => awake(REST),
          onProgress: ({ label }) =>
            onProgress({ done: w, total: workloads.length, label: `${workload.id}: ${label}` }),
        },
      );
      const of = right
        .map((one, i) => ({ ready: one, samples: samples[i] as Samples })) // one per task
        .filter(({ ready: one }) => !faults.has(one));
      for (const [{ contender }, note] of faults)
        tell({ workload: workload.id, engine: contender.name, outcome: 'failed', note });
      timed.push({ workload, of });
      for (const standing of standingsOf(workload, of, before, flops)) onStanding(standing);
    }
    const found = bestOf(before, await limits());
    const rows = timed.flatMap(({ workload, of }) => [
      ...standingsOf(workload, of, found, flops),
      ...faulty.filter((f) => f.workload === workload.id),
    ]);
    return {
      schema: 1,
      date: new Date().toISOString().slice(0, 10),
      machine,
      loadAfter: machineOf().load,
      protocol: { rounds, timePerTaskMs: timePerTask, ...(where === null ? {} : { patienceMs: patience }) },
      limits: found,
      engines: ready.map(facts),
      missing,
      workloads: workloads.map(({ id, chapter, kind, unit }) => ({
        id,
        chapter,
        doc: kindOf(kind).doc,
        unit: unit.name,
      })),
      rows,
    };
  } finally {
    where?.free();
    for (const peer of open) await peer.close();
  }
};
