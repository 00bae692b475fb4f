import { acts, mayAct, standings, type Act, type Standing } from './index';

const allowed = (standing: Standing): Act[] => acts.filter((act) => mayAct(standing, act).allowed);

describe('what an account may do', () => {
  test('an active account may do everything', () => expect(allowed('active')).toEqual(acts));

  test('an account that declined reads, exports and settles, and may still change its mind (1.3)', () => {
    expect(allowed('unaccepted')).toEqual(['log-in', 'read', 'export', 'pay', 'receive-invoice', 'accept-agreement', 'decline-agreement']);
    expect(mayAct('unaccepted', 'order')).toEqual({ allowed: false, clause: '1.3' });
    expect(mayAct('unaccepted', 'request-refund')).toEqual({ allowed: false, clause: '1.3' });
  });

  test('a suspended account cannot order or use, but pays, exports, gets invoices and refunds (8.2)', () => {
    expect(acts.filter((act) => !mayAct('suspended', act).allowed)).toEqual(['order', 'renew', 'use']);
    expect(mayAct('suspended', 'use')).toEqual({ allowed: false, clause: '8.2' });
  });

  test('a terminated account settles and takes its data with it (8.3)', () => {
    expect(allowed('terminated')).toEqual(['log-in', 'read', 'export', 'pay', 'receive-invoice', 'request-refund']);
    expect(mayAct('terminated', 'accept-agreement')).toEqual({ allowed: false, clause: '8.3' });
  });

  test('whatever the standing, what is owed can be paid and own data exported (1.3, 8.2, 8.5)', () => {
    for (const standing of standings)
      for (const act of ['pay', 'export', 'read'] as const) expect(mayAct(standing, act).allowed).toBe(true);
  });
});
