// The way in for people who check their own engine: declare a port, run the laws, read the records.
export * from './adapter.ts';
export type { Deviation } from './deviations.ts';
export type { Law, LawClass, Verdict } from './law.ts';
export { LAWS } from './laws/index.ts';
export { withVerifier } from './ports/verifier.ts';
export { type Check, check, type Profile, type RunOptions, type Status, verify } from './run.ts';
