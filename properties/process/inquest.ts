// Who is to blame where a program fails among several calls: each is asked again alone, and the one that shows the fault again is guilty.
import type { Args } from '../contract.ts';
import { PortFault } from '../port.ts';
import type { Pending } from './queue.ts';

/** A fault of the program while messages were under way. */
export interface Fault {
  readonly why: string;
  readonly kind: 'ended' | 'late' | 'breach';
}

/** A fault that showed after the answer of its call was handed on. */
export interface Accusation {
  readonly args: Args;
  readonly fault: PortFault;
}

export interface Inquest {
  /** Whether some fault is still nobody’s. */
  readonly open: () => boolean;
  /** Whether its fault is a breach of the protocol, which may come behind a proper answer. */
  readonly afterBreach: () => boolean;
  /** Calls among which a fault came up; `found` where one of them was blamed already. */
  readonly suspect: (calls: readonly Pending[], fault: Fault, found: boolean) => void;
  /** Whether calls are left to be asked again, and the next of them. */
  readonly left: () => boolean;
  readonly next: () => Pending | undefined;
  /** One call has done it. */
  readonly blame: (call: Pending, fault: Fault) => void;
  /** A suspect was answered after so many ms, as if nothing were wrong. */
  readonly cleared: (took: number) => void;
  /** After the last suspect: a fault that none of them has shown alone belongs to nobody, and is told as a stray. */
  readonly end: () => void;
  /** The suspects, who are asked no more. */
  readonly dismiss: () => readonly Pending[];
  /** The first accusation of one of these calls, all of which are claimed then; waits until nothing is open. */
  readonly claim: (asked: (args: Args) => boolean) => Promise<Accusation | null>;
  /** Accusations that nobody has claimed. */
  readonly unclaimed: () => readonly Accusation[];
}

/** `timeout` is the longest wait for one message, in ms. */
export const inquestOf = (timeout: number, stray: (text: string) => void): Inquest => {
  let suspects: readonly Pending[] = [];
  let fault: Fault | null = null;
  /** Whether a suspect has shown the fault again, and how long the others have taken together. */
  let shown = false;
  let spent = 0;
  let accused: readonly Accusation[] = [];
  let over = Promise.withResolvers<void>();
  over.resolve();

  const closed = (): void => {
    fault = null;
    over.resolve();
  };
  return {
    open: () => fault !== null,
    afterBreach: () => fault?.kind === 'breach',
    suspect: (calls, found, known) => {
      suspects = [...calls, ...suspects];
      if (fault !== null) return; // what came up meanwhile is part of it
      fault = found;
      shown = known;
      spent = 0;
      over = Promise.withResolvers();
    },
    left: () => suspects.length > 0,
    next: () => {
      const [first, ...rest] = suspects;
      suspects = rest;
      return first;
    },
    blame: (call, found) => {
      shown = true;
      // what it did among others may say more than what it does alone, as an order does
      const first = fault === null || fault.kind === found.kind ? '' : `; among other calls, ${fault.why}`;
      const guilt = new PortFault(`${call.entry}: ${found.why}${first}`);
      if (call.told) accused = [...accused, { args: call.args, fault: guilt }];
      else call.reject(guilt);
    },
    cleared: (took) => {
      spent += took;
    },
    end: () => {
      if (suspects.length > 0 || fault === null) return;
      const slow = fault.kind === 'late' && spent > timeout / 2; // too many at once for its speed, which is no fault
      if (!shown && !slow) stray(`${fault.why}; asked again one at a time, every call was answered`);
      closed();
    },
    dismiss: () => {
      const all = suspects;
      suspects = [];
      closed();
      return all;
    },
    claim: async (asked) => {
      await over.promise;
      const own = accused.filter(({ args }) => asked(args));
      accused = accused.filter((a) => !own.includes(a));
      return own[0] ?? null;
    },
    unclaimed: () => accused,
  };
};
