/** Where an answer keeps the stream's revision, which becomes its ETag. A symbol: it survives `{ ...answer, more }` and is not serialised. */
export const REVISION: unique symbol = Symbol('revision');
/** Where a command's answer keeps whether it opened its stream (201) and whether it is an earlier answer given again. */
export const OUTCOME: unique symbol = Symbol('outcome');

/** An event that a command led to, as told to the caller. */
export interface AnsweredEvent {
  readonly type: string;
  readonly clause?: string;
}

/** What a command route answers with. No events: it was so already. */
export interface CommandAnswer {
  readonly id: string;
  /** Of the stream after the command, as a decimal string; also the ETag. */
  readonly revision: string;
  readonly events: readonly AnsweredEvent[];
  readonly replayed: boolean;
  readonly [REVISION]?: string;
  readonly [OUTCOME]?: { readonly created: boolean; readonly replayed: boolean };
}
