// Facts of the machine a timing was taken on: what explains the numbers, and nothing that names the machine.
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  /** Logical cores. */
  readonly cores: number;
  /** Main memory in GiB, rounded. */
  readonly memoryGiB: number;
  readonly node: string;
  readonly v8: string;
  /** Name, major version and architecture of the operating system. */
  readonly os: string;
  /** Mean number of running processes over the last minute. */
  readonly load: number;
}

/** The machine this process runs on, now. */
export const machineOf = (): Machine => {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    os: `${type()} ${release().split('.', 1)[0]} ${arch()}`,
    load: loadavg()[0] ?? 0,
  };
};

/** Whether other work may have disturbed the timings: a load above one process per core. */
export const busy = ({ load, cores }: Machine): boolean => load > cores;

/** The machine in a sentence of a report, with a warning where times may be too long. */
export const machineLine = (m: Machine): string =>
  `Measured on ${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB, ${m.os}, Node ${m.node} (V8 ${m.v8}); load before the run ` +
  `${m.load.toFixed(2)}.${busy(m) ? ' **Other work was running, so times may be too long.**' : ''}`;
