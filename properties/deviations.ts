// Deviations that are expected of a port, with the reason: a list that is itself held to the truth.
import { z } from 'zod';
import type { Law } from './law.ts';
import type { PortInfo } from './port.ts';
import type { Check } from './run.ts';

const deviationSchema = z.strictObject({
  law: z.string(),
  /** Every subject of the law that fails, unless named. */
  subject: z.string().optional(),
  why: z.string().min(1),
  link: z.url().optional(),
});

export const deviationsSchema = z.array(deviationSchema);
export type Deviation = z.input<typeof deviationSchema>;

const fails = (c: Pick<Check, 'status'>): boolean => c.status === 'falsified' || c.status === 'crashed';
export const nameOf = ({ law, subject }: { readonly law: string; readonly subject?: string | undefined }): string =>
  subject === undefined || subject === '' || subject === 'port' ? law : `${law} [${subject}]`;

/** The deviation that expects a check to fail. */
export const expecting = (
  deviations: readonly Deviation[],
  { law, subject }: Pick<Check, 'law' | 'subject'>,
): Deviation | undefined => deviations.find((d) => d.law === law && (d.subject ?? subject) === subject);

/** A check that fails as expected, waived; every other as it is. */
export const waive = (deviations: readonly Deviation[], found: Check): Check => {
  const d = fails(found) ? expecting(deviations, found) : undefined;
  return d === undefined
    ? found
    : { ...found, status: 'waived', waiver: { why: d.why, ...(d.link === undefined ? {} : { link: d.link }) } };
};

/** What is wrong with a list, whatever the verdicts: names of no law, and of no subject of this port. */
export const misnamed = (deviations: readonly Deviation[], laws: readonly Law[], port: PortInfo): readonly string[] =>
  deviations.flatMap((d) => {
    const law = laws.find((l) => l.id === d.law);
    if (law === undefined) return [`${nameOf(d)} is expected to fail, but there is no such law`];
    const subjects = law.subjects(port);
    if (subjects.length === 0)
      return [`${nameOf(d)} is expected to fail, but ${port.engine} does not declare what it needs`];
    return d.subject === undefined || subjects.includes(d.subject)
      ? []
      : [`${nameOf(d)} is expected to fail, but the law has no such subject, only ${subjects.join(', ')}`];
  });

/** Deviations that are none any more, by the checks of a run; those of laws that were not asked for stay as they are. */
export const outdated = (deviations: readonly Deviation[], checks: readonly Check[]): readonly string[] =>
  deviations.flatMap((d) => {
    const own = checks.filter((c) => c.law === d.law && (d.subject ?? c.subject) === c.subject);
    const passes = own.length > 0 && own.every((c) => c.status === 'holds' || c.status === 'upheld');
    return passes ? [`${nameOf(d)} is expected to fail, but holds now: take it off the list`] : [];
  });
