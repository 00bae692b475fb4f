// 2.1.1: a one-time code is good for fifteen minutes and five tries; an address is sent one a minute and five a day at the most.
import { addMinutes, isBefore, type Instant } from '@qiyue/calendar';
import { identityRejections } from '@qiyue/contracts';

/** The one-time code that was sent last, with the attempts at it. */
export interface EmailCode {
  readonly code: string;
  readonly expiresAt: Instant;
  readonly attempts: readonly string[];
}

const { reject } = identityRejections;

const goodMinutes = 15;
const triesAllowed = 5;
const pauseMinutes = 1;
const codesAllowed = 5;
const dayMinutes = 24 * 60;

/** Exclusive end of a code that is issued now. */
export const expiryOf = (now: Instant): Instant => addMinutes(now, goodMinutes);

/** When a code was issued, by its end: the event says nothing but that. */
export const issuedAt = (expiresAt: Instant): Instant => addMinutes(expiresAt, -goodMinutes);

/** What has to be remembered of past codes. */
export const remembered = (issued: readonly Instant[]): readonly Instant[] => issued.slice(-codesAllowed);

/** Why no code can be used just now, if none can. */
export const unusableCode = (emailCode: EmailCode | undefined, now: Instant) => {
  if (emailCode === undefined || !isBefore(now, emailCode.expiresAt)) return reject('code-expired');
  return emailCode.attempts.length < triesAllowed ? undefined : reject('code-tries-used-up');
};

/** Why no further code is sent just now. Without it whoever asks for code after code could guess one, or flood somebody's mailbox. */
export const codeSentRecently = (issued: readonly Instant[], now: Instant) => {
  const [fifthLast, last] = [issued.at(-codesAllowed), issued.at(-1)];
  const from = [
    ...(last === undefined ? [] : [addMinutes(last, pauseMinutes)]),
    ...(fifthLast === undefined ? [] : [addMinutes(fifthLast, dayMinutes)]),
  ].filter((end) => isBefore(now, end));
  const nextAt = from.sort().at(-1);
  return nextAt === undefined ? undefined : reject('code-sent-recently', { nextAt });
};
