import type { AnyStream, CommandName, CommandOf, FactsOf, StateOf } from '@qiyue/decider';
import type { CommandAnswer } from './answer';
import type { Loaded } from './declare/reaction';
import type { Caller } from './http/caller';

/** Facts, or how to make them of the state that the decision will see. */
export type Facts<S extends AnyStream, N extends CommandName<S>> =
  FactsOf<S, N> | ((state: StateOf<S>) => FactsOf<S, N> | Promise<FactsOf<S, N>>);

/** How a controller gives commands to the streams of its service. */
export abstract class Commands {
  /**
   * Loads, decides, appends. A rejection is thrown as a problem; a customer who does not own the stream is told that there is none.
   * One request may give several commands, each to another stream or of another name.
   */
  abstract execute<S extends AnyStream, N extends CommandName<S>>(
    stream: S,
    name: N,
    id: string,
    command: CommandOf<S, N>,
    facts: Facts<S, N>,
    who: Caller,
  ): Promise<CommandAnswer>;

  /** The stream as it stands, personal fields revealed; for facts of a decision, never for answers. */
  abstract load<S extends AnyStream>(stream: S, id: string): Promise<Loaded<S>>;

  /** Refuses with a code of the service's table, for what no single stream can decide. */
  abstract refuse(code: string, details?: Readonly<Record<string, string | number | boolean | null>>): never;
}
