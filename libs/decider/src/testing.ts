import { deepStrictEqual, fail, ok, strictEqual } from 'node:assert/strict';
import type { AnyEventType, EventOf } from './event';
import { isRejection, type Rejection } from './rejection';
import { fold, type AnyStream, type CodeOf, type CommandName, type CommandOf, type FactsOf } from './stream';
import type { DecisionRefusals, Fault, StreamExamples } from './state-matrix';
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

/** A copy with something else at a path of property names. */
const withPart = (value: unknown, [head, ...rest]: readonly string[], put: unknown): unknown =>
  head === undefined ? put : { ...(value as object), [head]: withPart((value as Record<string, unknown> | undefined)?.[head], rest, put) };

interface Case {
  readonly history: unknown;
  readonly command: unknown;
  readonly facts: unknown;
}

const faulty = (good: Case, fault: Fault): Case =>
  Object.entries(fault).reduce<Case>((made, [place, put]) => withPart(made, place.split('.'), put) as Case, good);

/** Whether two faults can stand side by side: neither takes the place of the other, or of what the other stands in. */
const goTogether = (one: Fault, other: Fault): boolean =>
  Object.keys(one).every((a) => Object.keys(other).every((b) => a !== b && !a.startsWith(`${b}.`) && !b.startsWith(`${a}.`)));

/** The code a decision refuses with in a case, if it does. */
const refusalOf = ({ stream, histories }: StreamExamples, name: string, { history, command, facts }: Case): string | undefined => {
  const events = (typeof history === 'string' ? (histories as Readonly<Record<string, unknown>>)[history] : history) as readonly never[];
  const decided: unknown = stream.decide[name]?.(fold(stream, events), command, facts);
  return isRejection(decided) ? decided.code : undefined;
};

/**
 * What must hold of every decision that refuses: the sample is accepted, each fault alone is refused with its code, and of any two that can stand side by
 * side the first is told. Throws with the first thing that does not. Answers the codes, for who keeps count of them.
 */
export const checkRefusals = (examples: StreamExamples, inOrder: readonly string[]): readonly string[] => {
  const { stream, commands } = examples;
  return Object.entries<DecisionRefusals>(examples.refusals as Readonly<Record<string, DecisionRefusals>>).flatMap(
    ([name, { on, faults }]) => {
      const [command, facts] = (commands as Readonly<Record<string, readonly [unknown, unknown]>>)[name] ?? [];
      const good: Case = { history: on, command, facts };
      const where = `${stream.category}.${name}`;
      const codes = Object.keys(faults);
      // A decision that exists to refuse says so by a fault that needs nothing to be wrong.
      const always = Object.entries<Fault>(faults).find(([, fault]) => Object.keys(fault).length === 0)?.[0];
      strictEqual(refusalOf(examples, name, good), always, `${where} is refused where it should not be`);
      const sorted = [...codes].sort((a, b) => inOrder.indexOf(a) - inOrder.indexOf(b));
      deepStrictEqual(codes, sorted, `${where}: not in the order of the table`);
      for (const [at, [code, fault]] of Object.entries<Fault>(faults).entries()) {
        strictEqual(refusalOf(examples, name, faulty(good, fault)), code, `${where}, one fault`);
        for (const [laterCode, later] of Object.entries<Fault>(faults).slice(at + 1))
          if (goTogether(fault, later))
            strictEqual(
              refusalOf(examples, name, faulty(faulty(good, later), fault)),
              code,
              `${where}, ${code} together with ${laterCode}`,
            );
      }
      return codes;
    },
  );
};
