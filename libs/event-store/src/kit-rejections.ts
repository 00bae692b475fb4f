import { rejections } from '@qiyue/decider';

/** Refusals that every command of every service can meet. */
export const kitRejections = rejections('kit', {
  'not-found': { status: 404, meaning: 'There is nothing here that you may see.' },
  'idempotency-key-reused': { status: 422, meaning: 'This idempotency key was used before, for another request.' },
  busy: { status: 409, meaning: 'Others are changing the same thing right now; try again in a moment.' },
});

export type KitCode = keyof (typeof kitRejections)['table'];
