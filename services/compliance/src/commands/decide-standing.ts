import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { standing } from '../domain/standing';
import { KnownAccount } from '../read-models/known-accounts';

const causes = ['8.2.1', '8.2.2', '8.2.3', '8.2.4', '8.2.5', '8.2.6', '8.2.7', '8.2.8'] as const;

class SuspendBody {
  /** The clause that names the cause. */
  @IsIn(causes)
  cause!: (typeof causes)[number];

  @IsString()
  @Length(1, 500)
  reason!: string;

  /** Where the evidence is kept. */
  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  evidence?: string;
}

class ReinstateBody {
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** Suspension and reinstatement by an officer (8.2). */
@Controller('accounts/:accountId')
export class DecideStanding {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
  ) {}

  /** `POST /compliance/accounts/:accountId/suspension`. */
  @Post('suspension')
  @HttpCode(200)
  @For('officer')
  @Answers(standing, 'suspend', 'account-unknown')
  async suspend(@Param('accountId') accountId: string, @Body() body: SuspendBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(standing, 'suspend', accountId, body, await this.facts(accountId), who);
  }

  /** `POST /compliance/accounts/:accountId/reinstatement`. */
  @Post('reinstatement')
  @HttpCode(200)
  @For('officer')
  @Answers(standing, 'reinstate', 'account-unknown', 'account-not-suspended')
  async reinstate(@Param('accountId') accountId: string, @Body() body: ReinstateBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(standing, 'reinstate', accountId, body, await this.facts(accountId), who);
  }

  private async facts(accountId: string): Promise<{ now: string; accountId: string; known: boolean }> {
    return { now: this.clock.now(), accountId, known: (await this.rows.get(KnownAccount, accountId)) !== undefined };
  }
}
