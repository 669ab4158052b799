// The form: a control for each row of the settings, grouped, labelled and described by its row.
import { GROUPS, type Group, NAMES, type Name, SETTINGS, type SettingRow, type Settings } from './settings.ts';

/** An element with attributes and children. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, `${value}`);
  made.append(...children);
  return made;
};

const controlOf = (name: Name, row: SettingRow): HTMLInputElement | HTMLSelectElement => {
  const common = { id: name, name, 'aria-describedby': `${name}-doc` };
  if (row.kind === 'choice')
    return element(
      'select',
      common,
      ...row.choices.map((c) => element('option', { value: c.value, title: c.doc }, c.label)),
    );
  if (row.kind === 'flag') return element('input', { ...common, type: 'checkbox' });
  // text, because a number field of the browser hides what it does not understand, and the engine would not be asked
  return element('input', { ...common, type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false' });
};

export interface Form {
  readonly show: (settings: Settings) => void;
}

/** Fills a form; `changes` is told of what is changed by hand, as text. */
export const formIn = (form: HTMLFormElement, changes: (name: Name, text: string) => void): Form => {
  const controls = new Map<Name, HTMLInputElement | HTMLSelectElement>();
  const docs = new Map<Name, HTMLElement>();
  const fieldOf = (name: Name): HTMLElement => {
    const row: SettingRow = SETTINGS[name];
    const control = controlOf(name, row);
    const doc = element('small', { id: `${name}-doc` }, row.doc);
    controls.set(name, control);
    docs.set(name, doc);
    control.addEventListener('change', () =>
      changes(
        name,
        control instanceof HTMLInputElement && control.type === 'checkbox'
          ? `${Number(control.checked)}`
          : control.value,
      ),
    );
    return element('div', { class: `field ${row.kind}` }, element('label', { for: name }, row.label), control, doc);
  };
  for (const group of Object.keys(GROUPS) as Group[]) // the keys of the table
    form.append(
      element(
        'fieldset',
        {},
        element('legend', {}, GROUPS[group]),
        ...NAMES.filter((name) => SETTINGS[name].group === group).map(fieldOf),
      ),
    );
  form.addEventListener('submit', (event) => event.preventDefault());
  return {
    show: (settings) => {
      for (const [name, control] of controls) {
        const value = `${settings[name]}`;
        if (control instanceof HTMLInputElement && control.type === 'checkbox') control.checked = value === '1';
        else control.value = value;
        const row: SettingRow = SETTINGS[name];
        const chosen = row.kind === 'choice' ? row.choices.find((c) => c.value === value) : undefined;
        docs.get(name)?.replaceChildren(chosen?.doc ?? row.doc);
      }
    },
  };
};
