// Runs the laws against every published engine that has an adapter, and checks what is known of it: defects stay found, nothing else crashes.
import { spawnSync } from 'node:child_process';

interface Known {
  readonly adapter: string;
  /** Laws that this version breaks, each seen by a person; more may be falsified, none of these may pass unnoticed. */
  readonly breaks: readonly string[];
  /** Laws on which a call of this version never comes back, so that its worker is ended; no other may crash. */
  readonly hangs: readonly string[];
}

const KNOWN: readonly Known[] = [
  {
    adapter: 'properties/ports/tfjs.ts',
    hangs: ['purity/out-of-domain'], // a truncated normal of deviation NaN
    breaks: [
      'activation/derivative',
      'activation/derivative-even',
      'loss/bce-nonnegative',
      'loss/gradient',
      'initializer/variance',
      'initializer/seed',
      'rng/seed',
      'gradient/network',
    ],
  },
  {
    adapter: 'properties/ports/brain.ts',
    hangs: [],
    breaks: ['activation/value', 'activation/leaky-family', 'activation/derivative'],
  },
];

interface Record {
  readonly engine: string;
  readonly version: string;
  readonly summary: {
    readonly crashed: number;
    readonly holds: number;
    readonly falsified: number;
    readonly notCovered: number;
  };
  readonly checks: readonly { readonly law: string; readonly status: string }[];
}

let failed = 0;
for (const { adapter, breaks, hangs } of KNOWN) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/cli/main.ts', 'verify', adapter, '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === 2 || stdout === '') {
    console.error(`✗ ${adapter}: ${stderr.trim()}`);
    failed++;
    continue;
  }
  const record = JSON.parse(stdout) as Record; // our own output
  const falsified = new Set(record.checks.filter((c) => c.status === 'falsified').map((c) => c.law));
  const missed = breaks.filter((law) => !falsified.has(law));
  const { holds, crashed, notCovered } = record.summary;
  const stuck = [...new Set(record.checks.filter((c) => c.status === 'crashed').map((c) => c.law))];
  const ok = status === (hangs.length > 0 ? 3 : 1) && stuck.join() === hangs.join() && missed.length === 0;
  if (!ok) failed++;
  console.log(
    `${ok ? '✓' : '✗'} ${record.engine} ${record.version}: ${holds} laws hold, ${falsified.size} falsified (${[...falsified].join(', ')}), ${crashed} crashed, ${notCovered} not covered${missed.length > 0 ? `; no longer found: ${missed.join(', ')}` : ''}`,
  );
}
console.log(`${KNOWN.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
