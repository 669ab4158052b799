// Pictures on canvases: what a network says of the plane with the points on it, and what its units say.
import { SIDE, TILE } from './experiment.ts';
import type { Points } from './messages.ts';
import type { Frame } from './planes.ts';
import { contour } from './scene.ts';

type Colour = readonly [number, number, number];

/** Colours as the style sheet has them, light or dark; told apart by people who do not see all colours. */
export interface Theme {
  readonly zero: Colour;
  readonly middle: Colour;
  readonly one: Colour;
  readonly ink: string;
  readonly paper: string;
  readonly zeroInk: string;
  readonly oneInk: string;
}

export const themeOf = (root: Element): Theme => {
  const style = getComputedStyle(root);
  const text = (name: string): string => style.getPropertyValue(name).trim();
  const colour = (name: string): Colour => {
    const [r = 0, g = 0, b = 0] = text(name).split(/\s+/).map(Number);
    return [r, g, b];
  };
  return {
    ...{ zero: colour('--zero'), middle: colour('--middle'), one: colour('--one') },
    ...{ ink: text('--ink'), paper: text('--paper'), zeroInk: text('--zero-ink'), oneInk: text('--one-ink') },
  };
};

/** The colour of a share: class 0, undecided, class 1; what is no number is undecided. */
const paint = (to: Uint8ClampedArray, i: number, share: number, { zero, middle, one }: Theme): void => {
  const s = Number.isNaN(share) ? 0 : Math.max(-1, Math.min(1, 2 * share - 1));
  const end = s < 0 ? zero : one;
  for (let c = 0; c < 3; c++)
    to[4 * i + c] = (middle[c] as number) + ((end[c] as number) - (middle[c] as number)) * Math.abs(s);
  to[4 * i + 3] = 255;
};

const contextOf = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no canvas');
  return context;
};

/** As many dots as the screen has under the element. */
const fit = (canvas: HTMLCanvasElement): void => {
  const ratio = Math.min(3, devicePixelRatio);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((n) => Math.max(1, Math.round(n * ratio))) as [
    number,
    number,
  ];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
};

const imageOf = (values: ArrayLike<number>, side: number, theme: Theme): HTMLCanvasElement => {
  const small = Object.assign(document.createElement('canvas'), { width: side, height: side });
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) paint(image.data, i, values[i] as number, theme);
  contextOf(small).putImageData(image, 0, 0);
  return small;
};

export interface Picture {
  readonly field: Float32Array;
  readonly frame: Frame;
  readonly train: Points;
  readonly test: Points | null;
}

/** The plane: class 1 as circles, class 0 as squares, points of the test as rings. */
export const drawPlane = (canvas: HTMLCanvasElement, { field, frame, train, test }: Picture, theme: Theme): void => {
  fit(canvas);
  const context = contextOf(canvas);
  const { width } = canvas;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(imageOf(field, SIDE, theme), 0, 0, width, canvas.height);
  const cell = width / SIDE;
  context.strokeStyle = theme.ink;
  context.lineWidth = Math.max(1.5, width / 300);
  context.lineCap = 'round';
  context.beginPath();
  for (const [x1, y1, x2, y2] of contour(field, SIDE, 1 / 2)) {
    context.moveTo((x1 + 0.5) * cell, (y1 + 0.5) * cell);
    context.lineTo((x2 + 0.5) * cell, (y2 + 0.5) * cell);
  }
  context.stroke();
  const scale = width / (2 * frame.reach);
  const many = train.y.length > 40;
  const points = ({ x, y }: Points, size: number, hollow: boolean): void => {
    for (let i = 0; i < y.length; i++) {
      const px = ((x[2 * i] as number) - frame.centre[0] + frame.reach) * scale;
      const py = (frame.reach + frame.centre[1] - (x[2 * i + 1] as number)) * scale;
      const isOne = y[i] === 1;
      context.beginPath();
      if (isOne) context.arc(px, py, size, 0, 2 * Math.PI);
      else context.rect(px - size * 0.88, py - size * 0.88, size * 1.76, size * 1.76);
      context.fillStyle = isOne ? theme.oneInk : theme.zeroInk;
      context.strokeStyle = hollow ? context.fillStyle : theme.paper;
      context.lineWidth = Math.max(1, size / 4);
      if (!hollow) context.fill();
      context.stroke();
    }
  };
  if (test !== null) points(test, width / 150, true);
  points(train, width / (many ? 105 : 45), false);
};

/** Units of a layer side by side, all on one scale: the largest size among them. */
export const drawUnits = (canvas: HTMLCanvasElement, values: Float32Array, units: number, theme: Theme): void => {
  fit(canvas);
  const context = contextOf(canvas);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const side = canvas.height;
  const area = TILE * TILE;
  for (let j = 0; j < units; j++) {
    const own = values.subarray(j * area, (j + 1) * area).map((v) => (most === 0 ? 1 / 2 : (v / most + 1) / 2));
    context.drawImage(imageOf(own, TILE, theme), Math.round(j * side * 1.1), 0, side, side);
  }
};
