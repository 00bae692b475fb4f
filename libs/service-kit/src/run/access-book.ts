// 5.2: every read of personal data by staff leaves a record.
import { events, internal, stream, Type, type AnyStream, type EventOf } from '@qiyue/decider';
import type { Executor } from '@qiyue/event-store';
import type { Clock } from '../clock';
import { actorOf, type Caller } from '../http/caller';
import { commandIdOn, isStreamId } from './commands-runtime';
import type { ServiceMetrics } from './metrics';
import type { PersonalReadNote } from './rows-runtime';

const accessEvents = events({
  PersonalDataRead: internal(
    'a record for auditors, not a fact of the business',
    Type.Object({ accountId: Type.String(), role: Type.String(), staffId: Type.String(), route: Type.String(), readAt: Type.String() }),
    { clause: '5.2' },
  ),
});
type AccessState = { readonly status: 'open' };
interface Read {
  readonly accountId: string;
  readonly role: string;
  readonly staffId: string;
  readonly route: string;
}

/** The book in which a service notes which staff read the personal data of which account, one stream for each account (5.2). */
export const accessBook = (service: string) =>
  stream({
    category: `${service}_access`,
    events: accessEvents,
    initialState: { status: 'open' } as AccessState,
    evolve: (state: AccessState, _event: EventOf<typeof accessEvents>): AccessState => state,
    decide: {
      note: (_state: AccessState, read: Read, { now }: { now: string }) => [accessEvents.PersonalDataRead({ ...read, readAt: now })],
    },
  });

/** Writes the book. A read that cannot be noted is not answered. */
export const noteInBook = (service: string, executor: Executor, clock: Clock, metrics: ServiceMetrics): PersonalReadNote => {
  const book = accessBook(service) as AnyStream;
  return async (who: Caller, accountIds) => {
    metrics.personalRead(who.role);
    const now = clock.now();
    for (const accountId of accountIds.filter(isStreamId)) {
      const body = { accountId, role: who.role, staffId: who.id, route: who.route };
      await executor.execute(
        book,
        accountId,
        'note',
        body,
        { now },
        {
          commandId: commandIdOn(who.commandId, book, accountId, 'note'),
          correlationId: who.correlationId,
          causationId: who.commandId,
          actor: actorOf(who),
          now,
          ...(who.traceparent === '' ? {} : { traceparent: who.traceparent }),
        },
      );
    }
  };
};
