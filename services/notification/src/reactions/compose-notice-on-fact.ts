import { reaction, type ReactionContext } from '@qiyue/service-kit';
import { contact } from '../domain/contact';
import { everyone, notice } from '../domain/notice';
import { templates, wordsOf, type Template } from '../domain/templates';

interface About {
  readonly accountId?: string;
  readonly email?: string;
  readonly code?: string;
}

/** Who reads the notice, in which language, at which address. */
interface Reader {
  readonly accountId: string;
  readonly locale: 'zh' | 'en';
  readonly email?: string | undefined;
}

/** Everyone speaks either language, so an announcement is made in both. Somebody nobody has told of yet is written to in Chinese. */
const readersOf = async (
  context: ReactionContext,
  { to }: Template,
  { accountId = everyone, email }: About,
): Promise<readonly Reader[]> => {
  if (to === 'everyone')
    return [
      { accountId: everyone, locale: 'zh' },
      { accountId: everyone, locale: 'en' },
    ];
  const { state } = await context.load(contact, accountId);
  return [state.status === 'known' ? { accountId, locale: state.locale, email: email ?? state.email } : { accountId, locale: 'zh', email }];
};

/** 7.1: one notice for each fact that has a template, in the reader's language. */
export const composeNoticeOnFact = reaction({
  name: 'compose-notice-on-fact',
  on: templates.map(({ fact }) => fact),
  run: async (context, data: unknown, item) => {
    const template = templates.find(({ fact }) => fact.name === item.type && fact.service === item.service);
    if (template === undefined) return;
    const { code } = data as About;
    for (const { accountId, locale, email } of await readersOf(context, template, data as About)) {
      const noticeId = context.newId(accountId === everyone ? `${template.fact.name}.${locale}` : template.fact.name);
      await context.execute(notice, noticeId, 'compose', {
        noticeId,
        accountId,
        template: template.fact.name,
        about: item.stream,
        locale,
        inSite: template.by === 'in-site',
        ...wordsOf(template, locale, data),
        ...(item.clause === undefined ? {} : { aboutClause: item.clause }),
        ...(code === undefined ? {} : { secret: code }),
        ...(email === undefined ? {} : { email }),
      });
    }
  },
});
