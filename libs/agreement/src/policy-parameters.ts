import type { ParameterDefinition } from './clause';
import { clauseIds, clauses, type ClauseId } from './clauses';

/** The name of a policy parameter, e.g. `refundWindowWorkingDays`. */
export type ParameterName = { [C in ClauseId]: keyof (typeof clauses)[C]['parameters'] }[ClauseId];

/** The numbers of one agreement version, flat. Units stand in the names and in {@link policyParameterDefinitions}. */
export type PolicyParameters = { readonly [P in ParameterName]: number };

/** A parameter with the clause it belongs to. */
export interface PolicyParameterDefinition extends ParameterDefinition {
  readonly clause: ClauseId;
}

/** Ten years in days, about a year in hours: beyond it a number is a slip of the pen, not a policy. */
const LARGEST_PARAMETER = 3_660;

const definitionEntries = clauseIds.flatMap((clause) =>
  Object.entries<ParameterDefinition>(clauses[clause].parameters).map(([name, definition]) => [name, { ...definition, clause }] as const),
);

/** Every parameter with clause, unit, default and meaning, in the order of the clauses. */
export const policyParameterDefinitions = Object.fromEntries(definitionEntries) as Readonly<
  Record<ParameterName, PolicyParameterDefinition>
>;

/** Every parameter name in the order of the clauses. */
export const parameterNames = definitionEntries.map(([name]) => name) as readonly ParameterName[];

export const isParameterName = (value: string): value is ParameterName => Object.hasOwn(policyParameterDefinitions, value);

/** Why parameters were refused; one sentence for each fault, all of them at once. */
export class PolicyParameterError extends Error {
  override readonly name = 'PolicyParameterError';
  constructor(readonly faults: readonly string[]) {
    super(`policy parameters refused: ${faults.join('; ')}`);
  }
}

/** Whether a number can be the value of a policy parameter: whole, from 0 to 3660. */
export const isParameterValue = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_PARAMETER;

const faultOf = (name: string, value: unknown): string | undefined => {
  if (!isParameterName(name)) return `unknown parameter ${JSON.stringify(name.slice(0, 60))}`;
  if (typeof value !== 'number') return `${name} must be a number, not ${value === null ? 'null' : typeof value}`;
  return isParameterValue(value) ? undefined : `${name} must be a whole number from 0 to ${LARGEST_PARAMETER}`;
};

/** The parameters with their defaults, or the parameters given and the faults of what was given. */
export type ParsedPolicyParameters =
  { readonly ok: true; readonly parameters: PolicyParameters } | { readonly ok: false; readonly faults: readonly string[] };

/**
 * Reads parameters from outside: an object of some or all of them; those left out get their defaults.
 * Unknown names, wrong types, fractions and negative numbers are refused, every fault listed.
 */
export const parsePolicyParameters = (value: unknown): ParsedPolicyParameters => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, faults: ['policy parameters must be an object'] };
  const entries = Object.entries(value);
  const faults = entries.map(([name, given]) => faultOf(name, given)).filter((fault) => fault !== undefined);
  if (faults.length > 0) return { ok: false, faults };
  const given = new Map<string, unknown>(entries);
  const parameters = Object.fromEntries(parameterNames.map((name) => [name, given.get(name) ?? policyParameterDefinitions[name].default]));
  return { ok: true, parameters: parameters as PolicyParameters };
};

/**
 * Every parameter, with its default where it is not given.
 * @throws PolicyParameterError when a given value is not a whole number from 0 to 3660 or its name is unknown.
 */
export const policyParameters = (overrides: Partial<PolicyParameters> = {}): PolicyParameters => {
  const parsed = parsePolicyParameters(overrides);
  if (!parsed.ok) throw new PolicyParameterError(parsed.faults);
  return parsed.parameters;
};
