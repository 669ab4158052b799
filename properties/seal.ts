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

/** Switches the test mode on. A buffer that escaped from its birth is detached: who writes to it writes to nothing. */
export const sealBirths = (): Registry => {
  const born: { readonly tensor: WeakRef<Tensor>; readonly bits: number }[] = [];
  watchBirths({
    seal: (out) => new Float64Array((out.buffer as ArrayBuffer).transfer()), // never shared: `build` makes it
    born: (tensor) => {
      born.push({ tensor: new WeakRef(tensor), bits: fingerprint(tensor) });
    },
  });
  return {
    broken: () =>
      born.splice(0).flatMap(({ tensor, bits }) => {
        const alive = tensor.deref();
        return alive !== undefined && fingerprint(alive) !== bits ? [alive] : [];
      }),
  };
};
