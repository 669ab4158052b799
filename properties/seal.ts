// The test mode of immutability: every buffer is moved out of reach at birth, and its bits are checked again later.

import type { Tensor } from '../src/index.ts';
import { watchBirths } from '../src/internal.ts';

/** FNV-1a over the bits of the elements. */
const fingerprint = (tensor: Tensor): number => {
  const words = new Uint32Array(Float64Array.from(tensor.view).buffer);
  return words.reduce((h, w) => Math.imul(h ^ w, 0x01000193), 0x811c9dc5);
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
