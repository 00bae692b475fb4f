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
export { acts, mayAct, standings, type Act, type Standing, type StandingAnswer } from './account-standing';
export { comparableName, sameName } from './name-match';
export { creditCodeCheckCharacter, creditCodeFault, isCreditCode, type CreditCodeFault } from './credit-code';
export { idCardCheckCharacter, idCardFault, isIdCard, type IdCardFault } from './id-card';
export {
  AgreementParseError,
  findNode,
  nodesOf,
  type AgreementAnomaly,
  type AgreementDocument,
  type AgreementFault,
  type AgreementNode,
} from './agreement-document';
export { parseAgreement } from './parse-agreement';
export { hashAgreement, hashClauses } from './agreement-hash';
export { diffAgreements, type ClauseChange } from './agreement-diff';
export { extractParameters, type ExtractedParameters, type ParameterSource, type UnreadParameter } from './extract-parameters';
