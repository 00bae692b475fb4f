import { reaction } from '@qiyue/service-kit';
import { contact } from '../domain/contact';
import { everyone, notice } from '../domain/notice';
import { templates, wordsOf } from '../domain/templates';

interface About {
  readonly accountId?: string;
  readonly email?: string;
  readonly code?: string;
}

/** 7.1: one notice for each fact that has a template, in the reader's language. */
export const composeNoticeOnFact = reaction({
  name: 'compose-notice-on-fact',
  on: templates.map(({ fact }) => fact),
  run: async (context, data: unknown, item) => {
    const template = templates.find(({ fact }) => fact.name === item.type && fact.service === item.service);
    if (template === undefined) return;
    const { accountId = everyone, email, code } = data as About;
    const reader = template.to === 'everyone' ? everyone : accountId;
    const { state } = await context.load(contact, reader);
    const locale = state.status === 'known' ? state.locale : 'zh';
    const address = email ?? (state.status === 'known' ? state.email : undefined);
    const noticeId = context.newId(template.fact.name);
    await context.execute(notice, noticeId, 'compose', {
      noticeId,
      accountId: reader,
      template: template.fact.name,
      about: item.stream,
      locale,
      inSite: template.by === 'in-site',
      ...wordsOf(template, locale, data),
      ...(item.clause === undefined ? {} : { aboutClause: item.clause }),
      ...(code === undefined ? {} : { secret: code }),
      ...(address === undefined ? {} : { email: address }),
    });
  },
});
