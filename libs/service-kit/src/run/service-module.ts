import { Module, type DynamicModule, type Provider, type Type as Class } from '@nestjs/common';
import { Clock } from '../clock';
import { Commands } from '../commands';
import { PlatformConfig } from '../config/platform-config';
import { readSettings } from '../config/setting';
import { Tokens } from '../auth/tokens';
import { JwksController } from '../auth/jwks-controller';
import type { ServiceDefinition } from '../declare/service';
import { AuditController } from '../ops/audit-controller';
import { OpsController } from '../ops/ops-controller';
import { SERVICE_RUNTIME } from '../ops/service-token';
import { Rows } from '../rows';
import { AccountKeys, VaultAccountKeys } from './account-keys';
import type { ServiceRuntime } from './service-runtime';

/** Every controller of a service, the kit's own included. */
export const controllersOf = (definition: ServiceDefinition): readonly Class<unknown>[] => [
  ...definition.commands,
  ...definition.queries,
  ...(definition.name === 'identity' ? [JwksController] : []),
  OpsController,
  AuditController,
];

/** A provider given in place of the service's own, in tests: a scripted gateway, say. */
export interface PortOverride {
  readonly provide: Exclude<Provider, Class<unknown>>['provide'];
  readonly useValue: unknown;
}

const tokenOf = (provider: Provider): unknown => (typeof provider === 'function' ? provider : provider.provide);

/** The Nest module of one service: a class of its own for each, so that several run in one process. */
export const serviceModule = (
  runtime: ServiceRuntime,
  env: Readonly<Record<string, string | undefined>>,
  overrides: readonly PortOverride[],
): DynamicModule & { readonly module: Class<unknown> } => {
  const { definition, process } = runtime;
  const settings = readSettings(definition.config as readonly (new () => object)[], env);
  const own = definition.providers.map((provider) => overrides.find(({ provide }) => provide === tokenOf(provider)) ?? provider);
  const kit: Provider[] = [
    { provide: SERVICE_RUNTIME, useValue: runtime },
    { provide: Commands, useValue: runtime.commands },
    { provide: Rows, useValue: runtime.rows },
    { provide: Clock, useValue: process.clock },
    { provide: Tokens, useValue: process.tokens },
    { provide: PlatformConfig, useValue: process.config },
    { provide: AccountKeys, useValue: new VaultAccountKeys(process.vault) },
    ...definition.config.map((token, index) => ({ provide: token, useValue: settings[index] })),
  ];
  const module = { [definition.name]: class {} }[definition.name] as Class<unknown>;
  Module({})(module);
  return { module, controllers: [...controllersOf(definition)], providers: [...kit, ...(own as Provider[])] };
};
