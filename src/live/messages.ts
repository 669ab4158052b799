// What the page and its worker say to each other.
import type { Snapshot } from './experiment.ts';
import type { Frame } from './planes.ts';
import type { Settings } from './settings.ts';

/** Pairs of coordinates, and a label each. */
export interface Points {
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
}

/** From the page. `id` names the experiment, so that late answers of an older one are known. */
export type Order =
  | { readonly kind: 'make'; readonly id: number; readonly settings: Settings }
  /** Goes on, at this pace, until so many steps are made. */
  | { readonly kind: 'run'; readonly id: number; readonly pace: string; readonly until: number }
  | { readonly kind: 'pause'; readonly id: number }
  | { readonly kind: 'step'; readonly id: number; readonly steps: number };

export type Report =
  | {
      readonly kind: 'made';
      readonly id: number;
      readonly train: Points;
      readonly test: Points;
      readonly frame: Frame;
      readonly compiled: boolean;
      readonly parameters: number;
      readonly widths: readonly number[];
    }
  | {
      readonly kind: 'seen';
      readonly id: number;
      readonly snapshot: Snapshot;
      /** Whether the run came to its end by itself. */
      readonly ended: boolean;
      /** Steps a second by the clock on the wall, pictures included; 0 while it stands. */
      readonly speed: number;
    }
  /** The engine's own sentence, or that of a defect. */
  | { readonly kind: 'refused'; readonly id: number; readonly sentence: string };
