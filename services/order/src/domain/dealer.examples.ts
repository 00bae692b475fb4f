import { examplesOf } from '@qiyue/decider';
import { dealer, dealerEvents } from './dealer';

export const springPeriod = {
  dealerId: 'hangzhou-1',
  name: '杭州示例经销有限公司',
  from: '2026-03-01T16:00:00.000Z',
  until: '2026-06-30T16:00:00.000Z',
};
const now = '2026-03-10T00:00:00.000Z';

export const aDealer = [dealerEvents.DealerAuthorised({ ...springPeriod, authorisedAt: '2026-02-20T00:00:00.000Z' })];
export const aWithdrawnDealer = [
  ...aDealer,
  dealerEvents.DealerWithdrawn({ dealerId: 'hangzhou-1', reason: 'contract ended', withdrawnAt: now }),
];

export const dealerExamples = examplesOf(dealer, {
  histories: { none: [], authorised: aDealer, withdrawn: aWithdrawnDealer },
  commands: { authorise: [springPeriod, { now }], withdraw: [{ reason: 'contract ended' }, { now }] },
  refusals: {
    authorise: { on: 'none', faults: { 'authorisation-period-empty': { 'command.until': springPeriod.from } } },
    withdraw: { on: 'authorised', faults: { 'dealer-unknown': { history: 'none' } } },
  },
});
