import 'reflect-metadata';
import { validateSync } from 'class-validator';

/** What a setting says of itself. */
export interface SettingOptions {
  /** One plain sentence, with the unit. */
  readonly meaning: string;
  /** As written in the environment; without it the setting must be given, unless the property is optional to its validators. */
  readonly default?: string;
  /** Never shown in documents, logs or `describe`. */
  readonly secret?: boolean;
}

interface Declared extends SettingOptions {
  readonly name: string;
  readonly property: string;
}

/** One line of the reference of settings. */
export interface SettingReference {
  readonly name: string;
  readonly default?: string;
  readonly meaning: string;
  readonly secret: boolean;
}

type Settings = new () => object;

/** Settings that must fit each other say what does not; asked once each is right by itself. Faults begin with the setting to change and repeat no value. */
interface Checked {
  faults?(): readonly string[];
}

const declared = new Map<Settings, Declared[]>();

/** Reads a property from the environment: `@Setting('PORT', { meaning: '…', default: '3000' }) @IsInt() port!: number`. Numbers and booleans (`on`, `off`) are read by the property's type. */
export const Setting =
  (name: string, options: SettingOptions): PropertyDecorator =>
  (target, property) => {
    const settings = target.constructor as Settings;
    declared.set(settings, [...(declared.get(settings) ?? []), { ...options, name, property: String(property) }]);
  };

/** Thrown with every fault of the environment at once; values are never repeated. */
export class ConfigFaults extends Error {
  constructor(readonly faults: readonly string[]) {
    super(
      `the configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigFaults';
  }
}

const parse = (text: string, type: unknown): unknown => {
  if (type === Number) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type === Boolean) return ['on', 'true', '1'].includes(text) ? true : ['off', 'false', '0'].includes(text) ? false : text;
  return text;
};

/** Reads classes of settings. Throws `ConfigFaults`. */
export const readSettings = <const T extends readonly Settings[]>(
  classes: T,
  env: Readonly<Record<string, string | undefined>>,
): { readonly [I in keyof T]: InstanceType<T[I]> } => {
  const faults: string[] = [];
  const all = classes.map((settings) => {
    const read = new settings() as Record<string, unknown>;
    const own = declared.get(settings) ?? [];
    for (const { name, property, default: fallback } of own) {
      const text = env[name] === undefined || env[name] === '' ? fallback : env[name];
      if (text !== undefined) read[property] = parse(text, Reflect.getMetadata('design:type', settings.prototype as object, property));
    }
    const single = validateSync(read, { forbidUnknownValues: false });
    if (single.length === 0) faults.push(...((read as Checked).faults?.() ?? []));
    for (const fault of single) {
      const name = own.find(({ property }) => property === fault.property)?.name ?? fault.property;
      const given = read[fault.property] !== undefined;
      faults.push(
        given
          ? `${name}: ${Object.values(fault.constraints ?? {})
              .map((text) => text.replace(fault.property, 'it'))
              .join(', ')}`
          : `${name}: is not set`,
      );
    }
    return Object.freeze(read);
  });
  if (faults.length > 0) throw new ConfigFaults(faults);
  return all as never;
};

/** Every setting of the given classes, for the page of documentation. */
export const referenceOf = (classes: readonly Settings[]): readonly SettingReference[] =>
  classes.flatMap((settings) =>
    (declared.get(settings) ?? []).map(({ name, meaning, secret, default: fallback }) => ({
      name,
      meaning,
      secret: secret === true,
      ...(fallback === undefined ? {} : { default: fallback }),
    })),
  );
