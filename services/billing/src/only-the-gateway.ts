import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { billingRejections } from '@qiyue/contracts';
import { problemOf, RAW_BODY } from '@qiyue/service-kit';
import type { IncomingHttpHeaders } from 'node:http';
import { BillingConfig } from './config';
import { isGenuine, SIGNATURE_HEADER } from './ports/signature';

/** Lets only the gateway through. Stands before the body is looked at, because it judges the bytes that came. */
@Injectable()
export class OnlyTheGateway implements CanActivate {
  constructor(private readonly config: BillingConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ [RAW_BODY]?: Buffer; headers: IncomingHttpHeaders }>();
    if (isGenuine(this.config.callbackSecret, request[RAW_BODY] ?? Buffer.alloc(0), request.headers[SIGNATURE_HEADER])) return true;
    throw problemOf({ code: 'callback-not-genuine' }, billingRejections.table);
  }
}
