import { deepStrictEqual, fail, ok, strictEqual } from 'node:assert/strict';
import type { AnyEventType, EventOf } from './event';
import { isRejection, type Rejection } from './rejection';
import { fold, type AnyStream, type CodeOf, type CommandName, type CommandOf, type FactsOf } from './stream';
import type { StreamExamples } from './state-matrix';
import { faultsOf } from './validate';

interface Then<S extends AnyStream, Name extends CommandName<S>> {
  /** Exactly these events, in this order; taken again on the state they lead to, the command does nothing more. */
  then(...expected: EventOf<S['events']>[]): void;
  /** It is so already. */
  thenNothing(): void;
  thenRejected(code: CodeOf<S, Name>, details?: Rejection['details']): void;
}

interface When<S extends AnyStream> {
  when<Name extends CommandName<S>>(name: Name, command: CommandOf<S, Name>, facts: FactsOf<S, Name>): Then<S, Name>;
}

const checkShapes = (stream: AnyStream, events: readonly { type: string; data: unknown }[]): void => {
  for (const event of events) {
    const type = (stream.events as Record<string, AnyEventType>)[event.type] ?? fail(`${event.type} is no event of ${stream.category}`);
    const faults = faultsOf(type.schema, event.data);
    strictEqual(faults.length, 0, `${event.type} does not fit its schema: ${faults.join('; ')}`);
  }
};

/** The given / when / then kit of one stream: `const given = givenFor(order)`. */
export const givenFor =
  <S extends AnyStream>(stream: S) =>
  (...history: EventOf<S['events']>[]): When<S> => ({
    when: (name, command, facts) => {
      checkShapes(stream, history as never[]);
      const decide = stream.decide[name] as (state: unknown, command: unknown, facts: unknown) => readonly never[] | Rejection;
      const state = fold(stream, history as never[]);
      const before = JSON.stringify(state);
      const decided = decide(state, command, facts);
      strictEqual(JSON.stringify(state), before, 'a decision must not change the state it was given');
      return {
        then: (...expected) => {
          if (isRejection(decided)) return void fail(`${name} was refused: ${decided.code} ${JSON.stringify(decided.details ?? {})}`);
          deepStrictEqual(JSON.parse(JSON.stringify(decided)), JSON.parse(JSON.stringify(expected)));
          checkShapes(stream, decided);
          const again = decide(fold(stream, decided, state), command, facts);
          ok(isRejection(again) || again.length === 0, `${name} taken twice is taken twice`);
        },
        thenNothing: () => deepStrictEqual(decided, []),
        thenRejected: (code, details) => {
          if (!isRejection(decided))
            return void fail(`${name} was not refused: ${decided.map((event: { type: string }) => event.type).join(', ') || 'nothing'}`);
          strictEqual(decided.code, code);
          if (details !== undefined) deepStrictEqual(decided.details, details);
        },
      };
    },
  });

/** What must hold of every stream, checked over its examples. Throws with the first thing that does not. */
export const checkStream = ({ stream, histories, commands }: StreamExamples): void => {
  const states = Object.entries(histories as Readonly<Record<string, readonly never[]>>).map(([status, history]) => {
    checkShapes(stream, history);
    const state = fold(stream, history);
    strictEqual(state.status, status, `the history given for ${status} leads to ${state.status}`);
    return state;
  });
  const everyEvent = Object.values(histories as Readonly<Record<string, readonly never[]>>).flat() as { type: string; data: unknown }[];
  for (const state of states)
    for (const event of everyEvent)
      ok(stream.evolve(state, event) !== undefined, `evolve has no answer to ${event.type} in ${state.status}`);
  for (const [name, [command, facts]] of Object.entries<readonly [unknown, unknown]>(commands)) {
    for (const state of states) {
      const decide = stream.decide[name] as (state: unknown, command: unknown, facts: unknown) => readonly never[] | Rejection;
      const decided = decide(state, command, facts);
      if (isRejection(decided)) continue;
      checkShapes(stream, decided);
      const again = decide(fold(stream, decided, state), command, facts);
      ok(isRejection(again) || again.length === 0, `${stream.category}.${name} in ${state.status}, taken twice, is taken twice`);
    }
  }
};
