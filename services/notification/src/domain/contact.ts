import { At, Id, identityFacts, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, stream, Type, type EventOf } from '@qiyue/decider';

/** Names and shapes are the storage format: add, never edit. */
export const contactEvents = events({
  ContactNoted: internal(
    `${identityFacts.ContactChanged.name} tells it already`,
    Type.Object({ accountId: Id, email: Personal(), locale: OneOf('zh', 'en'), notedAt: At }),
    { clause: '2.1.2' },
  ),
});

/** How an account can be reached. */
export type Contact = { readonly status: 'none' } | { readonly status: 'known'; readonly email: string; readonly locale: 'zh' | 'en' };

const evolve = (_contact: Contact, { data }: EventOf<typeof contactEvents>): Contact => ({
  status: 'known',
  email: data.email,
  locale: data.locale,
});

/** 2.1.2: the account holder keeps the address current; notices go to the newest. */
const note = (
  contact: Contact,
  { accountId, email, locale }: { accountId: string; email: string; locale?: 'zh' | 'en' | undefined },
  { now }: { now: string },
) => {
  const known = contact.status === 'known' ? contact : undefined;
  const spoken = locale ?? known?.locale ?? 'zh';
  return known?.email === email && known.locale === spoken
    ? []
    : [contactEvents.ContactNoted({ accountId, email, locale: spoken, notedAt: now })];
};

export const contact = stream({
  category: 'contact',
  events: contactEvents,
  initialState: { status: 'none' } as Contact,
  evolve,
  decide: { note },
});
