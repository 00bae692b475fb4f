/** A number of the policy that belongs to an agreement version. Whole, never negative. */
export interface ParameterDefinition {
  /** What is counted. A working day is one of mainland China (`@qiyue/calendar`). */
  readonly unit: 'working day' | 'day' | 'hour';
  readonly default: number;
  readonly meaning: string;
}

/** One clause of the agreement: who answers for it and what it comes down to, in our own words. */
export interface Clause {
  /** `executable`: the software does something about it. `informative`: it is kept as text only. */
  readonly kind: 'executable' | 'informative';
  /** The services that decide or act on it. */
  readonly owner: readonly Owner[];
  readonly zh: string;
  readonly en: string;
  readonly parameters: Readonly<Record<string, ParameterDefinition>>;
}

export type Owner = 'identity' | 'order' | 'billing' | 'invoice' | 'notification' | 'compliance';

export const everyService: readonly Owner[] = ['identity', 'order', 'billing', 'invoice', 'notification', 'compliance'];

/** A clause the software does something about. */
export const executable = <const P extends Record<string, ParameterDefinition> = Record<never, never>>(
  owner: readonly Owner[],
  zh: string,
  en: string,
  parameters: P = {} as P,
) => ({ kind: 'executable', owner, zh, en, parameters }) as const satisfies Clause;

/** A clause kept as text only. */
export const informative = (zh: string, en: string) =>
  ({ kind: 'informative', owner: ['compliance'], zh, en, parameters: {} as Record<never, never> }) as const satisfies Clause;
