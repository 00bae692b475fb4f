import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { uuid5, type Actor } from '@qiyue/event-store';

export const roles = ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service'] as const;
export type Role = (typeof roles)[number];

/** Who asks, and what their request carries. On public routes without a token the role is `anonymous`. */
export class Caller {
  /** Subject of the token. */
  readonly id!: string;
  readonly role!: Role | 'anonymous';
  /** The account that a customer or dealer acts for. */
  readonly accountId?: string;
  readonly sessionId?: string;
  /** Derived from the `Idempotency-Key` when there is one, random otherwise. */
  readonly commandId!: string;
  /** Whether the command id comes from an `Idempotency-Key`. */
  readonly keyed!: boolean;
  /** Of method, path and body, by which a reused key is told from a repeated one. Stored only as the vault's keyed digest. */
  readonly fingerprint!: string;
  readonly correlationId!: string;
  readonly traceparent!: string;
  /** From `If-Match`: the command is refused unless the stream stands at this revision. */
  readonly expectedRevision?: string;
  /** `<METHOD> <route pattern>`, for records of who read what. */
  readonly route!: string;
}

/** Where the request keeps its caller. */
export const CALLER = Symbol('caller');

/** The caller of the request: `@Who() who: Caller`. */
export const Who = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<{ [CALLER]?: Caller }>();
  const caller = request[CALLER];
  if (caller === undefined) throw new Error('the request has no caller');
  return caller;
});

/** The id of something this request creates. Derived from the command id, so a retried request creates the same once. */
export const newId = (who: Pick<Caller, 'commandId'>, suffix = 'id'): string => uuid5(who.commandId, suffix);

/** The actor recorded with events. */
export const actorOf = (who: Caller): Actor =>
  who.role === 'anonymous' ? { kind: 'system', id: 'anonymous' } : { kind: who.role, id: who.accountId ?? who.id };
