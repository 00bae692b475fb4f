export { clauseIds, clauses, isClauseId, type Clause, type ClauseId, type Owner, type ParameterDefinition } from './clauses';
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
