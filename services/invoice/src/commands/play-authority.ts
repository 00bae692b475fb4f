import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { For } from '@qiyue/service-kit';
import { ArrayMaxSize, IsArray, IsIn } from 'class-validator';
import { SandboxAuthority, sandboxFaults, type SandboxFault, type SandboxLedger } from '../ports/sandbox-authority';

class SandboxFaultsBody {
  /** What the next requests meet, one each: `lose-answer`, `lose-order`, `refuse` at the authority, `fail-dispatch` at the post office. */
  @IsArray()
  @ArrayMaxSize(100)
  @IsIn(sandboxFaults, { each: true })
  faults!: SandboxFault[];
}

/** Plays tax authority and post office, for stories, tests and the tour. */
@Controller('sandbox')
export class PlayAuthority {
  constructor(private readonly authority: SandboxAuthority) {}

  /** `POST /invoice/sandbox/faults`: how they will misbehave. */
  @Post('faults')
  @HttpCode(200)
  @For('operator')
  async faults(@Body() { faults }: SandboxFaultsBody): Promise<{ readonly faults: readonly SandboxFault[] }> {
    await this.authority.misbehave(faults);
    return { faults };
  }

  /** `GET /invoice/sandbox/ledger`: invoices made, cancelled in red and sent, as they remember it. */
  @Get('ledger')
  @For('operator', 'finance', 'auditor')
  ledger(): Promise<SandboxLedger> {
    return this.authority.ledger();
  }
}
