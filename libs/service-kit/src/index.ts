export { Clock } from './clock';
export { Commands } from './commands';
export type { Facts } from './commands';
export { Rows } from './rows';
export type { ListOptions, PageOf, RowKey, Where } from './rows';
export type { AnsweredEvent, CommandAnswer } from './answer';
export { defineService } from './declare/service';
export type { ServiceDeclaration, ServiceDefinition, StartContext } from './declare/service';
export { reaction } from './declare/reaction';
export type {
  AnyReaction,
  FactsContext,
  Instant,
  Loaded,
  PortToken,
  ReactionContext,
  ReactionOutcome,
  Trigger,
  TriggerData,
} from './declare/reaction';
export { onDeadline } from './declare/deadline';
export type { AnyDeadline, DueDeadline } from './declare/deadline';
export { Caller, newId, roles, Who } from './http/caller';
export type { Role } from './http/caller';
export { Answers, For, KeepsSealed, Public, Refuses, Returns, Reveals } from './http/access';
export { Page } from './http/page';
export { RAW_BODY } from './http/json-body';
export { kitProblem, kitProblems, ProblemException, problemOf } from './http/problem';
export type { FieldFault, KitCode, Problem } from './http/problem';
export { kafkaConnection, type KafkaConnection } from './config/connections';
export { ConfigFaults, readSettings, Setting } from './config/setting';
export type { SettingOptions, SettingReference } from './config/setting';
export { configReference, PlatformConfig } from './config/platform-config';
export { EndedSessions, endedSessions } from './auth/ended-sessions';
export { Tokens } from './auth/tokens';
export type { Claims, IssuedClaims, IssuedToken } from './auth/tokens';
export { makeSigningKey } from './auth/tokens';
export { AccountKeys } from './run/account-keys';
export { Example } from './docs/example';
export { describe } from './docs/describe';
export type { ServiceDescription } from './docs/describe';
export { openApiOf } from './docs/openapi';
export { documentedPlatform, platformRoutes } from './ops/platform-controllers';
export { routesOf } from './http/routes';
export type { RouteInfo } from './http/routes';
export { controllersOf } from './run/service-module';
export type { PortOverride } from './run/service-module';
export { createPlatform, runPlatform, runService } from './run/platform';
export type { Platform, PlatformOptions } from './run/platform';
