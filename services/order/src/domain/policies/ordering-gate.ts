// 1.1, 1.3, 2.1.1, 2.1.3, 8.2: who may order is settled before anything else, in this order.
import { orderRejections } from '@qiyue/contracts';
import { refusedByDecline, refusedBySuspension, type AgreementInForce, type KnownAccount } from './account-standing';
import { authorisedAt, type DealerAuthorisation } from './dealer-authorisation';

const { reject } = orderRejections;

/** What the gate looks at. An absent account is one of which no service has told anything. */
export interface GateFacts {
  readonly now: string;
  readonly agreement?: AgreementInForce;
  readonly account?: KnownAccount;
  /** The authorisations of the dealer that the order names; empty when nobody knows the dealer. */
  readonly dealer?: readonly DealerAuthorisation[];
}

/** The agreement to order under and the verified name that has to pay, or the first refusal. */
export const orderingGate = ({ now, agreement, account, dealer }: GateFacts) => {
  if (agreement === undefined) return reject('no-agreement-in-force');
  if (account?.acceptedVersion === undefined) return reject('account-not-accepted');
  const declined = refusedByDecline(account, agreement.announced, 'order');
  if (declined !== undefined) return declined;
  if (account.verifiedName === undefined) return reject('account-not-verified');
  const suspended = refusedBySuspension(account, 'order');
  if (suspended !== undefined) return suspended;
  if (dealer !== undefined && !authorisedAt(dealer, now)) return reject('dealer-not-authorised');
  return { agreement, payerName: account.verifiedName };
};
