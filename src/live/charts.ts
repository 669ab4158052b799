// Curves over the steps as SVG: two lines, one of them dashed, with axes in words of their own.
import { CHART, type Chart } from './scene.ts';

const svg = (tag: string, attributes: Readonly<Record<string, string | number>>, text = ''): SVGElement => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, `${value}`);
  made.textContent = text;
  return made;
};

/** Draws a chart into an svg element. */
export const drawChart = (into: SVGSVGElement, { train, test, x, y }: Chart): void => {
  const { width, height, left, right, top, bottom } = CHART;
  const floor = height - bottom;
  into.setAttribute('viewBox', `0 0 ${width} ${height}`);
  into.replaceChildren(
    ...y.flatMap(({ at, text }) => [
      svg('line', { x1: left, x2: width - right, y1: at, y2: at, class: 'grid' }),
      svg('text', { x: left - 5, y: at + 3.5, class: 'end' }, text),
    ]),
    ...x.map(({ at, text }) => svg('text', { x: at, y: height - 6, class: 'middle' }, text)),
    ...x.map(({ at }) => svg('line', { x1: at, x2: at, y1: floor, y2: floor + 3, class: 'tick' })),
    svg('line', { x1: left, x2: left, y1: top, y2: floor, class: 'axis' }),
    svg('line', { x1: left, x2: width - right, y1: floor, y2: floor, class: 'axis' }),
    svg('path', { d: test, class: 'test' }),
    svg('path', { d: train, class: 'train' }),
  );
};
