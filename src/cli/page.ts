// The verdicts as one page: no request leaves it, everything on it is escaped, a few lines of script filter it.
import { formulaText } from '../../properties/law.ts';
import { figure, lawLines, tallyText } from '../../properties/report.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import { isFailure, storyOf, summaryOf, type Verification } from './formats.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-left: .3rem solid #c33; border-radius: .3rem; }
.formula { display: block; opacity: .75; }
.verdict { white-space: nowrap; font-weight: 600; }
.holds, .upheld { color: #18794e; } .falsified, .crashed { color: #c33; } .undecided, .waived { color: #a15c00; }
@media (prefers-color-scheme: dark) { .holds, .upheld { color: #4cc38a; } .falsified, .crashed { color: #ff8080; } .undecided, .waived { color: #f1a10d; } }
form { display: flex; gap: .6rem; margin: 1rem 0; } input, select { font: inherit; padding: .25rem .5rem; } input { flex: 1; }
`;

const SCRIPT = `
const text = document.querySelector('#text'), verdict = document.querySelector('#verdict');
const rows = [...document.querySelectorAll('[data-verdict]')];
const filter = () => {
  const words = text.value.toLowerCase().split(/\\s+/);
  for (const row of rows)
    row.hidden = (verdict.value !== '' && row.dataset.verdict !== verdict.value) ||
      !words.every((w) => row.textContent.toLowerCase().includes(w));
  document.querySelector('#shown').value = rows.filter((r) => !r.hidden && r.tagName === 'TR').length + ' laws';
};
text.oninput = verdict.onchange = filter;
document.querySelector('form').onsubmit = () => false;
filter();
`;

/** One self-contained HTML page; contains no date and no duration, so that equal runs give equal bytes. */
export const pageOf = (v: Verification): string => {
  const lines = lawLines(v.laws, v.checks);
  const { engine, version, dtype } = v.port;
  const title = `The laws, asked of ${engine} ${version} (${dtype})`;
  const failures = v.checks.filter((c) => isFailure(c) || c.status === 'waived');
  const verdicts = [...new Set(lines.map((l) => l.status))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>Seed ${v.seed}, profile ${v.profile}.</p>
${tallyText(summaryOf(v), ALPHA)
  .split('\n')
  .map((line) => `<p>${escaped(line)}.</p>`)
  .join('\n')}
${v.faults.map((f) => `<p class="falsified">${escaped(f)}.</p>`).join('\n')}
<form><input id="text" type="search" placeholder="law, statement, subject" aria-label="filter"><select id="verdict" aria-label="verdict"><option value="">every verdict</option>${verdicts.map((s) => `<option>${s}</option>`).join('')}</select><output id="shown"></output></form>
${failures.length === 0 ? '' : '<h2>Failures</h2>'}
${failures.map((c) => `<pre data-verdict="${c.status}">${escaped(storyOf(v, c))}</pre>`).join('\n')}
<h2>Laws</h2>
<p>A margin is the largest observed error divided by the allowed one, over all runs: 0 is exact, 1 is at the bound.</p>
<table>
<thead><tr><th>verdict</th><th>law</th><th>statement</th><th>class</th><th>subjects</th><th>runs</th><th>margin</th></tr></thead>
<tbody>
${lines
  .map(
    ({ law, status, subjects, failed, runs, margin }) =>
      `<tr data-verdict="${status}"><td class="verdict ${status.replace(' ', '-')}">${status}${failed.length > 0 && failed[0] !== 'port' ? `: ${escaped(failed.join(', '))}` : ''}</td><td><code>${escaped(law.id)}</code></td><td>${escaped(law.says)}${law.formula === undefined ? '' : `<code class="formula">${escaped(formulaText(law) ?? '')}</code>`}</td><td>${law.class}</td><td class="n">${subjects}</td><td class="n">${runs}</td><td class="n">${status === 'not covered' ? '' : figure(margin)}</td></tr>`,
  )
  .join('\n')}
</tbody>
</table>
<script>${SCRIPT}</script>
</body>
</html>
`;
};
