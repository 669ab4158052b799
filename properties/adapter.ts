// The way in for people who write an adapter: how a port declares itself, and what it may be asked; neither laws nor oracle come with it.
export type * from './args.ts';
export { CONTRACT, CONTRACT_VERSION, type Entry, type Plain } from './contract.ts';
export { type Conventions, conventionsSchema } from './conventions.ts';
export { type Adapter, type Dtype, definePort, isPort, type Port, PortError, type PortInfo } from './port.ts';
