import type { ClauseId } from '@qiyue/agreement';
import type { Static, TObject } from '@qiyue/decider';
import type { ServiceName } from './topics';

/** What a service tells the others: one version of one fact. */
export interface Fact<Name extends string = string, Schema extends TObject = TObject> {
  readonly service: ServiceName;
  readonly name: Name;
  /** Version of the told shape. Optional fields may be added within a version; anything else is a new fact version. */
  readonly version: number;
  /** The clause a fact of this kind is decided under, unless the instance names another. */
  readonly clause?: ClauseId;
  /** One plain sentence. */
  readonly meaning: string;
  readonly schema: Schema;
  readonly example: Static<Schema>;
}

export type FactData<F> = F extends Fact<string, infer Schema> ? Static<Schema> : never;

type Facts<Schemas extends Record<string, TObject>> = { readonly [Name in keyof Schemas & string]: Fact<Name, Schemas[Name]> };

/** Declares the facts of a service, once: code, documents, topics and consumers' types are all read from here. */
export const factsOf = <Schemas extends Record<string, TObject>>(
  service: ServiceName,
  declarations: {
    readonly [Name in keyof Schemas]: {
      readonly version?: number;
      readonly clause?: ClauseId;
      readonly meaning: string;
      readonly schema: Schemas[Name];
      readonly example: Static<Schemas[Name]>;
    };
  },
): Facts<Schemas> =>
  Object.fromEntries(
    Object.entries(declarations).map(([name, fact]) => [name, { version: 1, ...fact, service, name }]),
  ) as unknown as Facts<Schemas>;
