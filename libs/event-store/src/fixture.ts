// What the specs of this library have in common; not exported.
import { events, internal, Personal, rejections, stream, Type, under, type EventOf } from '@qiyue/decider';
import type { CommandContext } from './types';

const { reject } = rejections('wallet', {
  'too-little': { status: 409, meaning: 'There is too little in it.' },
  closed: { status: 404, meaning: 'There is no such wallet.' },
});

export const walletEvents = events({
  WalletOpened: internal(
    'only the wallet minds',
    Type.Object({
      accountId: Type.String(),
      holder: Personal(),
      agreementVersion: Type.String(),
      heirs: Type.Optional(Type.Array(Type.Object({ name: Personal() }))),
    }),
  ),
  // Version 1 called the amount `sum`.
  MoneyPut: internal('only the wallet minds', Type.Object({ amount: Type.Integer(), note: Type.Optional(Type.String()) }), {
    upcasts: [({ sum, ...rest }) => ({ ...rest, amount: sum })],
  }),
  MoneyTaken: internal('only the wallet minds', Type.Object({ amount: Type.Integer(), at: Type.String() }), { clause: '2.2.5' }),
});

export interface Wallet {
  readonly status: 'none' | 'open';
  readonly accountId?: string;
  readonly holder?: string;
  readonly agreementVersion?: string;
  readonly balance: number;
}

const evolve = (wallet: Wallet, { type, data }: EventOf<typeof walletEvents>): Wallet => {
  switch (type) {
    case 'WalletOpened':
      return { ...wallet, status: 'open', accountId: data.accountId, holder: data.holder, agreementVersion: data.agreementVersion };
    case 'MoneyPut':
      return { ...wallet, balance: wallet.balance + data.amount };
    case 'MoneyTaken':
      return { ...wallet, balance: wallet.balance - data.amount };
    default:
      return type satisfies never;
  }
};

interface Open {
  readonly accountId: string;
  readonly holder: string;
  readonly heirs?: readonly { name: string }[];
}

export const wallet = stream({
  category: 'wallet',
  events: walletEvents,
  initialState: { status: 'none', balance: 0 } as Wallet,
  evolve,
  owner: ({ accountId }) => accountId,
  agreementVersion: ({ agreementVersion }) => agreementVersion,
  decide: {
    open: ({ status }: Wallet, { accountId, holder, heirs }: Open, _: object) =>
      status === 'open'
        ? []
        : [
            walletEvents.WalletOpened({
              accountId,
              holder,
              agreementVersion: '2026-01',
              ...(heirs === undefined ? {} : { heirs: [...heirs] }),
            }),
          ],
    put: (_: Wallet, { amounts, note }: { amounts: readonly number[]; note?: string }, __: object) =>
      amounts.map((amount) => walletEvents.MoneyPut({ amount, ...(note === undefined ? {} : { note }) })),
    take: ({ status, balance }: Wallet, { amount }: { amount: number }, { now }: { now: string }) => {
      if (status === 'none') return reject('closed');
      if (balance < amount) return reject('too-little', { balance });
      return [under('2.2.6', walletEvents.MoneyTaken({ amount, at: now }))];
    },
  },
});

export const noon = '2026-03-02T12:00:00.000Z';

/** The context of a command by a service. */
export const by = (commandId: string, more: Partial<CommandContext> = {}): CommandContext => ({
  commandId,
  correlationId: 'story-1',
  causationId: commandId,
  actor: { kind: 'service', id: 'order' },
  now: noon,
  ...more,
});

/** Polls until a condition holds. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
};

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
