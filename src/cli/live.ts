// `tautograd live`: writes the live page, which was built with the package.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommandFault, EXIT } from './fault.ts';
import { print } from './show.ts';
import { writeText } from './write.ts';

/** Where the build puts it, beside the rooms; among the sources there is none. */
const BUILT = fileURLToPath(new URL('../../live.html', import.meta.url));

/** The command. @throws CommandFault where the page was not built, as among the sources */
export const liveCommand = (out: string): number => {
  if (!existsSync(BUILT))
    throw new CommandFault(
      'live: the page comes with the package; from a clone `npm run live` builds reports/live.html',
    );
  print(`wrote ${writeText(out, readFileSync(BUILT, 'utf8'))}`);
  return EXIT.ok;
};
