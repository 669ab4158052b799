// The table of layers: units as pictures, gradients and signals as bars, and what is remarkable in words.
import { drawUnits, type Theme } from './draw.ts';
import { type LayerView, type Snapshot, TILE, TILES } from './experiment.ts';
import { element } from './form.ts';
import { gradientShare, nameOf, notes, short, signalSpan } from './scene.ts';

export interface LayerTable {
  readonly show: (snapshot: Snapshot, theme: Theme) => void;
}

interface Line {
  readonly canvas: HTMLCanvasElement | null;
  readonly gradient: HTMLElement;
  readonly gradientText: HTMLElement;
  readonly spread: HTMLElement;
  readonly mean: HTMLElement;
  readonly spreadText: HTMLElement;
  readonly moved: HTMLElement;
  readonly notes: HTMLElement;
}

const percentage = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** Rows for hidden layers of these widths and the output. */
export const layersIn = (body: HTMLTableSectionElement, widths: readonly number[]): LayerTable => {
  const lines = [...widths, 0].map((units, i): Line & { readonly row: HTMLElement } => {
    const shown = Math.min(TILES, units);
    const canvas = units === 0 ? null : element('canvas', { class: 'units', 'aria-hidden': 'true' });
    canvas?.style.setProperty('--units', `${shown}`);
    const [gradient, spread, mean] = [element('i'), element('i'), element('b')];
    const [gradientText, spreadText, remarks] = [element('span'), element('span'), element('td', { class: 'remarks' })];
    const moved = element('td', { class: 'drift' });
    const name = nameOf({ place: units === 0 ? 0 : i + 1 });
    const more = units > shown ? [element('small', {}, `+${units - shown}`)] : [];
    const row = element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', { class: 'pictures' }, ...(canvas === null ? [] : [canvas]), ...more),
      element('td', { class: 'gradient' }, element('div', { class: 'bar' }, gradient), gradientText),
      element('td', { class: 'signal' }, element('div', { class: 'bar span' }, spread, mean), spreadText),
      moved,
      remarks,
    );
    return { row, canvas, gradient, gradientText, spread, mean, spreadText, moved, notes: remarks };
  });
  body.replaceChildren(...lines.map((l) => l.row));
  const showLine = (line: Line, layer: LayerView): void => {
    const span = signalSpan(layer);
    line.gradient.style.width = percentage(gradientShare(layer.gradient));
    line.gradient.classList.toggle('bad', layer.verdict !== 'healthy');
    line.gradientText.textContent = short(layer.gradient);
    line.spread.style.left = percentage(span.from);
    line.spread.style.width = percentage(span.to - span.from);
    line.mean.style.left = percentage(span.mean);
    line.spreadText.textContent = `${short(layer.mean, 2)} ± ${short(layer.deviation, 2)}`;
    line.moved.textContent = short(layer.moved, 2);
    line.notes.textContent = notes(layer).join(' · ');
  };
  return {
    show: ({ layers, tiles }, theme) => {
      let from = 0;
      lines.forEach((line, i) => {
        const layer = layers[i];
        if (layer === undefined) return;
        showLine(line, layer);
        if (line.canvas === null) return;
        const units = Math.min(TILES, layer.units);
        const end = from + units * TILE * TILE;
        drawUnits(line.canvas, tiles.subarray(from, end), units, theme);
        from = end;
      });
    },
  };
};
