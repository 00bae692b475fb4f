import {
  AgreementParseError,
  parseAgreement,
  parsePolicyParameters,
  type AgreementDocument,
  type PolicyParameters,
} from '@qiyue/agreement';
import { instant } from '@qiyue/calendar';
import { Body, Controller, Post } from '@nestjs/common';
import { Answers, type Caller, Clock, type CommandAnswer, Commands, For, kitProblem, Refuses, Who } from '@qiyue/service-kit';
import { IsISO8601, IsObject, IsOptional, IsString, Length, Matches } from 'class-validator';
import { agreement, userAgreement } from '../domain/agreement';

class PublishAgreementBody {
  @IsString()
  @Length(1, 64)
  @Matches(/^[A-Za-z0-9._-]+$/)
  agreementVersion!: string;

  /** The document's text, as people read it; numbered clauses, wrapped as you like. */
  @IsString()
  @Length(1, 200_000)
  text!: string;

  /** When it takes effect; with its offset. Publication itself if left out. */
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(Z|[+-]\d\d:\d\d)$/)
  effectiveAt?: string;

  /** Policy numbers by name, where the document does not state them. */
  @IsOptional()
  @IsObject()
  parameters?: Record<string, number>;
}

/** `POST /compliance/agreements`: publishes a version of the user agreement (1.2). */
@Controller('agreements')
export class PublishAgreement {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('operator')
  @Refuses('agreement-unreadable')
  @Answers(agreement, 'publish', 'agreement-parameter-unread', 'agreement-version-exists', 'agreement-effective-in-past')
  post(@Body() { agreementVersion, text, effectiveAt, parameters = {} }: PublishAgreementBody, @Who() who: Caller): Promise<CommandAnswer> {
    const given = parsePolicyParameters(parameters);
    if (!given.ok) throw kitProblem('invalid', { errors: given.faults.map((detail) => ({ pointer: '/parameters', detail })) });
    const command = {
      agreementVersion,
      document: this.read(text),
      parameters: parameters as Partial<PolicyParameters>,
      effectiveAt: effectiveAt === undefined ? undefined : instant(effectiveAt),
    };
    return this.commands.execute(agreement, 'publish', userAgreement, command, { now: this.clock.now() }, who);
  }

  private read(text: string): AgreementDocument {
    try {
      return parseAgreement(text);
    } catch (fault) {
      if (!(fault instanceof AgreementParseError)) throw fault;
      return this.commands.refuse('agreement-unreadable', {
        faults: fault.faults
          .map(({ message }) => message)
          .join('; ')
          .slice(0, 500),
      });
    }
  }
}
