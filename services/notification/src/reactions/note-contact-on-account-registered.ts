import { identityFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { contact } from '../domain/contact';

/** 2.1.2: notices go to the address the account gave. */
export const noteContactOnAccountRegistered = reaction({
  on: identityFacts.AccountRegistered,
  stream: contact,
  id: ({ accountId }) => accountId,
  decide: 'note',
  command: ({ accountId, email, locale }) => ({ accountId, email, locale }),
});

/** 2.1.2: and to the new one when it changes. */
export const noteContactOnContactChanged = reaction({
  on: identityFacts.ContactChanged,
  stream: contact,
  id: ({ accountId }) => accountId,
  decide: 'note',
  command: ({ accountId, email }) => ({ accountId, email }),
});
