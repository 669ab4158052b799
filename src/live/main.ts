// The one script of the live page: on the page it is the page, and in the worker, which is made of its own text, the worker.
import { pageFrom } from './page.ts';
import { type Scope, serve } from './worker.ts';

if (typeof document === 'undefined')
  serve(globalThis as unknown as Scope); // the scope of a worker
else pageFrom(document.currentScript?.textContent ?? '');
