// 1.3, 8.2, 8.3: what an account may still do when it has not accepted, is suspended or is terminated.
import type { ClauseId } from './clauses';

/** `unaccepted`: the version in force was declined, or never accepted. */
export const standings = ['active', 'unaccepted', 'suspended', 'terminated'] as const;
export type Standing = (typeof standings)[number];

/** What an account holder can want to do. */
export const acts = [
  'log-in',
  'read',
  'export',
  'pay',
  'receive-invoice',
  'request-refund',
  'order',
  'renew',
  'use',
  'update-contact',
  'accept-agreement',
  'decline-agreement',
] as const;
export type Act = (typeof acts)[number];

/** The clause a standing's refusals cite. */
const refusedUnder = { unaccepted: '1.3', suspended: '8.2', terminated: '8.3' } as const satisfies Record<
  Exclude<Standing, 'active'>,
  ClauseId
>;

const yes = { unaccepted: true, suspended: true, terminated: true } as const;
const no = { unaccepted: false, suspended: false, terminated: false } as const;

/**
 * One row an act; the active account may do them all. Receiving an invoice stands open to everybody, for it is the
 * vendor's own duty once money has arrived (2.2.3). A refund asked for in time outlives suspension and termination, since
 * the money was paid before them; who declined may only settle (1.3).
 */
const table: Readonly<Record<Act, Readonly<Record<Exclude<Standing, 'active'>, boolean>>>> = {
  'log-in': yes,
  read: yes,
  export: yes,
  pay: yes,
  'receive-invoice': yes,
  'request-refund': { unaccepted: false, suspended: true, terminated: true },
  order: no,
  renew: no,
  use: no,
  'update-contact': { unaccepted: false, suspended: true, terminated: false },
  'accept-agreement': { unaccepted: true, suspended: true, terminated: false },
  'decline-agreement': { unaccepted: true, suspended: true, terminated: false },
};

/** Allowed, or refused under a clause. */
export type StandingAnswer = { readonly allowed: true } | { readonly allowed: false; readonly clause: ClauseId };

/** Whether an account of that standing may do that; time limits (2.2.5, 8.5) are asked elsewhere. */
export const mayAct = (standing: Standing, act: Act): StandingAnswer =>
  standing === 'active' || table[act][standing] ? { allowed: true } : { allowed: false, clause: refusedUnder[standing] };
