// Asks what is known of the published engines: the laws that they break are still found to be broken, and nothing else of these crashes.
import { engines, verified } from './engines.ts';

let failed = 0;
const chosen = engines(process.argv.slice(2)).filter(({ breaks, crashes }) => breaks.length + crashes.length > 0);
for (const engine of chosen) {
  const { name, breaks, crashes, install } = engine;
  const outcome = verified(engine, ['--law', [...new Set([...breaks, ...crashes])].join(','), '--workers', '1']);
  if (outcome.kind === 'not installed') {
    console.log(`· ${name}: not installed, ${install}`);
    continue;
  }
  if (outcome.kind === 'failed') {
    console.error(`✗ ${name}: ${outcome.why}`);
    failed++;
    continue;
  }
  const { checks, version } = outcome.record;
  const having = (status: string): ReadonlySet<string> =>
    new Set(checks.filter((c) => c.status === status).map((c) => c.law));
  const [falsified, crashed] = [having('falsified'), having('crashed')];
  const faults = [
    ...breaks.filter((law) => !falsified.has(law)).map((law) => `${law} is not falsified any more`),
    ...crashes.filter((law) => !crashed.has(law)).map((law) => `${law} does not crash any more`),
    ...[...crashed].filter((law) => !crashes.includes(law)).map((law) => `${law} crashes`),
  ];
  if (faults.length > 0) failed++;
  console.log(
    `${faults.length === 0 ? '✓' : '✗'} ${name} ${version}: ${falsified.size} laws falsified, ${crashed.size} crashed, as known${faults.map((f) => `; ${f}`).join('')}`,
  );
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
