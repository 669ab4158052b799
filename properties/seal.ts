// The test mode of immutability: every buffer is moved out of reach at birth, and its bits are checked again later.

import type { Tensor } from '../src/index.ts';
import { watchBirths } from '../src/internal.ts';

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** FNV-1a over the bits of the elements, without an object of its own: it is taken twice of every tensor of every test. */
const fingerprint = ({ view }: Tensor): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < view.length; i++) {
    number[0] = view[i] as number; // of equal length
    h = Math.imul(h ^ (words[0] as number), 0x01000193);
    h = Math.imul(h ^ (words[1] as number), 0x01000193);
  }
  return h;
};

interface Registry {
  /** Tensors born since, whose bits have changed. */
  readonly broken: () => readonly Tensor[];
}

interface Born<T> {
  readonly tensor: T;
  readonly bits: number;
}

/**
 * Tensors that are watched for as long as they live: those that come first, as inputs and datasets do, and large ones. A host
 * keeps what it has made a weak reference to until the running work is at its end, so millions of them would take more time
 * than the work itself; the others are watched until so many later ones have been born, and one in so many of them for life.
 */
const [FIRST, LARGE, ONE_IN] = [4096, 1024, 16] as const;

/**
 * Switches the test mode on. A buffer that escaped from its birth is detached: who writes to it writes to nothing. That takes half
 * of the time of a small operation, so later ones stay where they are, and who writes to them is found out.
 */
export const sealBirths = (): Registry => {
  const watched: Born<WeakRef<Tensor>>[] = [];
  /** The others, in a ring: the place of the oldest goes to the next. */
  const recent: Born<Tensor>[] = [];
  const changed: Tensor[] = [];
  let others = 0;
  const look = ({ tensor, bits }: Born<Tensor>): boolean => {
    const whole = fingerprint(tensor) === bits;
    if (!whole) changed.push(tensor);
    return whole;
  };
  const watch = (tensor: Tensor, bits: number): void => {
    watched.push({ tensor: new WeakRef(tensor), bits });
  };
  watchBirths({
    // never shared: `build` makes it
    seal: (out) => (watched.length < FIRST ? new Float64Array((out.buffer as ArrayBuffer).transfer()) : out),
    born: (tensor) => {
      const bits = fingerprint(tensor);
      if (watched.length < FIRST || tensor.view.length >= LARGE) {
        watch(tensor, bits);
        return;
      }
      const place = others++ % FIRST;
      const before = recent[place];
      if (before !== undefined && look(before) && place % ONE_IN === 0) watch(before.tensor, before.bits);
      recent[place] = { tensor, bits };
    },
  });
  return {
    broken: () => {
      for (const { tensor, bits } of watched.splice(0)) {
        const alive = tensor.deref();
        if (alive !== undefined) look({ tensor: alive, bits });
      }
      for (const one of recent.splice(0)) look(one);
      others = 0;
      return changed.splice(0);
    },
  };
};
