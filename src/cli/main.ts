#!/usr/bin/env node
// Starts the command line, on a Node that can run it, and quicker the second time.
import * as module from 'node:module';

const { node } = process.versions;
if (Number(node.split('.')[0]) < 22) {
  process.stderr.write(`tautograd: Node 22.13 or newer is needed, got ${node}\n`);
  process.exit(2); // usage; what defines it may need a newer Node
}
module.enableCompileCache(); // of what is loaded from here on; an older Node has none
await (await import('./program.ts')).run();
