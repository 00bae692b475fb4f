import { onDeadline, reaction, type ReactionContext } from '@qiyue/service-kit';
import { nextStep, payout, payoutEvents, type PayoutOrder } from '../domain/payout';
import { PaymentGateway, type GatewayAnswer } from '../ports/payment-gateway';

type Context = Pick<ReactionContext, 'now' | 'load' | 'execute' | 'port'>;
type Heard = GatewayAnswer | { readonly outcome: 'silence' };

/** The gateway's word, or its silence. What went wrong with the call does not matter: the money may be out all the same. */
const hear = (call: Promise<GatewayAnswer>): Promise<Heard> => call.catch(() => ({ outcome: 'silence' as const }));

/** Asks what became of the payout; one that never arrived is ordered again under the same id, which the gateway carries out once. */
const ask = (gateway: PaymentGateway, order: PayoutOrder): Promise<Heard> =>
  hear(gateway.outcomeOf(order.payoutId).then((answer) => (answer.outcome === 'not-received' ? gateway.payOut(order) : answer)));

/** Writes down what the gateway said. */
const record = async (
  context: Context,
  payoutId: string,
  { attempt, question }: { attempt: number; question: number },
  heard: Heard,
): Promise<void> => {
  const facts = { now: context.now };
  switch (heard.outcome) {
    case 'settled':
      return void (await context.execute(payout, payoutId, 'settle', { payoutId, settledAt: heard.settledAt }, facts));
    case 'refused':
      return void (await context.execute(
        payout,
        payoutId,
        'refuse',
        { payoutId, attempt, reason: heard.reason },
        facts,
        `refuse-${attempt}`,
      ));
    case 'pending':
    case 'silence':
      return void (await context.execute(payout, payoutId, 'markUnknown', { payoutId, question }, facts, `unknown-${attempt}-${question}`));
  }
};

/**
 * Takes a payout as far as it goes now: load, do the next step, write down what came of it, again. It may end anywhere and begin anew:
 * the start is written down before the gateway is called, so whoever comes after asks first. Silence is followed by one question at once, since most
 * answers are only lost; what the gateway does not know then is asked at the instant that was written down.
 */
const moveMoney = async (context: Context, payoutId: string): Promise<void> => {
  const gateway = context.port(PaymentGateway);
  for (;;) {
    const { state } = await context.load(payout, payoutId);
    const step = nextStep(state);
    if (state.status === 'none' || step.do === 'nothing' || step.do === 'wait') return;
    const { order, attempt } = state;
    if (step.do === 'ask') {
      return record(context, payoutId, { attempt, question: step.question }, await ask(gateway, order));
    }
    const started = await context.execute(payout, payoutId, 'start', { payoutId, attempt }, { now: context.now }, `start-${attempt}`);
    // Started before, by this run of a former life or by another pod: that one may have called the gateway.
    if (started.kind === 'rejected' || started.replayed || started.events.length === 0) continue;
    const heard = await hear(gateway.payOut(order));
    await record(context, payoutId, { attempt, question: 1 }, heard);
    if (heard.outcome !== 'silence') return;
  }
};

/** 2.2.2, 2.2.5: sends money back through the gateway. */
export const moveMoneyOnPayoutRequested = reaction({
  name: 'move-money-on-payout-requested',
  on: [payoutEvents.PayoutRequested, payoutEvents.PayoutRetryOrdered],
  run: (context, { payoutId }) => moveMoney(context, payoutId),
});

/** An outcome that is still open is asked for again, rarer and rarer, until the gateway knows. */
export const askGatewayOnAnswerDue = onDeadline({
  name: 'answer',
  stream: payout,
  set: { PayoutStarted: ({ askAt }) => askAt, PayoutUnknown: ({ askAt }) => askAt },
  clear: ['PayoutRefused', 'PayoutSettled'],
  run: (context, { streamId }) => moveMoney(context, streamId),
});
