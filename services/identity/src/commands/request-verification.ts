import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, type Caller, Clock, type CommandAnswer, Commands, Example, For, newId, Who } from '@qiyue/service-kit';
import { IsIn, IsString, Length, ValidateIf } from 'class-validator';
import { account } from '../domain/account';
import type { Papers } from '../domain/policies/verification-papers';

class RequestVerificationBody {
  @Example('enterprise')
  @IsIn(['individual', 'enterprise'])
  subject!: 'individual' | 'enterprise';

  /** Name on the identity card, or of the enterprise. */
  @IsString()
  @Length(1, 200)
  name!: string;

  /** Unified social credit code; enterprises only. */
  @ValidateIf(({ subject }: RequestVerificationBody) => subject === 'enterprise')
  @IsString()
  @Length(1, 32)
  @Example('91330106MA28XXXX7E')
  creditCode?: string;

  /** Enterprises only. */
  @ValidateIf(({ subject }: RequestVerificationBody) => subject === 'enterprise')
  @IsString()
  @Length(1, 100)
  @Example('示例人')
  legalRepresentative?: string;

  /** Resident identity number; individuals only. */
  @ValidateIf(({ subject }: RequestVerificationBody) => subject === 'individual')
  @IsString()
  @Length(1, 32)
  idNumber?: string;
}

const papersOf = ({ subject, name, creditCode = '', legalRepresentative = '', idNumber = '' }: RequestVerificationBody): Papers =>
  subject === 'enterprise' ? { subject, name, creditCode, legalRepresentative } : { subject, name, idNumber };

/** `POST /identity/accounts/:accountId/verification`: asks that the identity behind the account be verified (2.1.1). */
@Controller('accounts/:accountId/verification')
export class RequestVerification {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('customer')
  @Answers(
    account,
    'requestVerification',
    'account-unknown',
    'email-not-proved',
    'verification-pending',
    'already-verified',
    'credit-code-invalid',
    'id-card-invalid',
  )
  post(@Param('accountId') accountId: string, @Body() body: RequestVerificationBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(
      account,
      'requestVerification',
      accountId,
      papersOf(body),
      { now: this.clock.now(), requestId: newId(who, 'request') },
      who,
    );
  }
}
