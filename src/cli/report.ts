// `tautograd report`: everything under reports/ as one page that needs no network.
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { reportOf } from './report/page.ts';
import { SOURCES } from './report/room.ts';
import { coloured, print } from './show.ts';
import { writeText } from './write.ts';

export interface ReportOptions {
  readonly from: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Writes the page, and returns its path and what it was made of. @throws CommandFault where there is no such folder */
export const writeReport = ({ from, out = join(from, 'report.html') }: ReportOptions) => {
  if (!existsSync(from)) throw new CommandFault(`report: there is no folder ${from}; npm start makes reports`);
  const { text, readings } = reportOf(from, existsSync(join(dirname(out), 'live.html')));
  return { path: writeText(out, text), bytes: Buffer.byteLength(text), readings };
};

/** The command. What is missing is said on the page and here, and is no error. */
export const reportCommand = (options: ReportOptions): number => {
  const { path, bytes, readings } = writeReport(options);
  if (options.json === true) {
    print(toJson({ schema: 1, from: options.from, page: { path, bytes }, files: readings }).trimEnd());
    return EXIT.ok;
  }
  for (const { file, state, why } of readings) {
    const command = SOURCES.find((s) => s.file === file)?.command;
    if (state !== 'read' && command !== undefined)
      print(coloured(`· ${file} ${state === 'missing' ? 'is not there' : `cannot be read (${why})`}: ${command}`));
  }
  print(`${readings.filter((r) => r.state === 'read').length} files read, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  print(`open ${relative('.', path)}`);
  return EXIT.ok;
};
