export type { Clause, Owner, ParameterDefinition } from './clause';
export { clauseIds, clauses, isClauseId, type ClauseId } from './clauses';
export {
  isParameterName,
  parameterNames,
  parsePolicyParameters,
  policyParameterDefinitions,
  policyParameters,
  PolicyParameterError,
  type ParameterName,
  type ParsedPolicyParameters,
  type PolicyParameterDefinition,
  type PolicyParameters,
} from './policy-parameters';
