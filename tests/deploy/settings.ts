import { allServices } from '@qiyue/all-in-one';
import {
  configReference,
  controllersOf,
  PlatformConfig,
  readSettings,
  routesOf,
  type ServiceDefinition,
  type SettingReference,
} from '@qiyue/service-kit';
import { HealthController } from '../../libs/service-kit/src/ops/platform-controllers';

/** A service's definition by its name. */
export const definitionOf = (name: string): ServiceDefinition => {
  const found = allServices.find((service) => service.name === name);
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

type Settings = new () => object;

/** Every setting that a process of this service reads. */
export const referenceFor = (name: string): readonly SettingReference[] =>
  configReference(definitionOf(name).config as readonly Settings[]);

/** What is wrong with the environment of a service, as the service itself would say at its start; and variables that nobody reads. */
export const faultsOf = (name: string, env: Readonly<Record<string, string>>): readonly string[] => {
  const known = new Set(referenceFor(name).map((setting) => setting.name));
  const strangers = Object.keys(env)
    .filter((variable) => !known.has(variable))
    .map((variable) => `${variable}: nobody reads it`);
  try {
    readSettings([PlatformConfig, ...(definitionOf(name).config as readonly Settings[])], env);
    return strangers;
  } catch (fault) {
    return [...strangers, ...((fault as { faults?: readonly string[] }).faults ?? [String(fault)])];
  }
};

/** The value a setting has at work: as given, or its default. */
export const settingOf = (name: string, env: Readonly<Record<string, string>>, variable: string): string => {
  const value = env[variable] ?? referenceFor(name).find((setting) => setting.name === variable)?.default;
  if (value === undefined) throw new Error(`${name}: ${variable} has no value`);
  return value;
};

/** Variables that never stand in a file. */
export const secretsOf = (name: string): ReadonlySet<string> =>
  new Set(
    referenceFor(name)
      .filter(({ secret }) => secret)
      .map((setting) => setting.name),
  );

/** Every path that answers GET in the process of a service, as a probe or a scraper asks for it. */
export const pathsOf = (name: string): ReadonlySet<string> =>
  new Set(
    [...routesOf('', [HealthController]), ...routesOf(name, controllersOf(definitionOf(name)))]
      .filter(({ method }) => method === 'GET')
      .map(({ path }) => path),
  );
