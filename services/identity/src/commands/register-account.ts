import { Body, Controller, Post } from '@nestjs/common';
import { Answers, Clock, Commands, Public, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsEmail, IsIn, IsOptional, IsString, Length, MaxLength } from 'class-validator';
import { Credentials } from '../credentials';
import { account } from '../domain/account';
import { versionInForce } from '../read-models/agreement-versions';

class RegisterAccountBody {
  @IsEmail()
  @MaxLength(254)
  email!: string;

  @IsString()
  @Length(1, 200)
  password!: string;

  @IsOptional()
  @IsIn(['zh', 'en'])
  locale?: 'zh' | 'en';
}

/** `POST /identity/accounts`: opens an account and sends a one-time code to the address (2.1.1). */
@Controller('accounts')
export class RegisterAccount {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
    private readonly credentials: Credentials,
  ) {}

  @Post()
  @Public()
  @Answers(account, 'register', 'no-agreement-in-force', 'already-registered', 'password-too-weak')
  async post(@Body() { email, password, locale = 'zh' }: RegisterAccountBody, @Who() who: Caller): Promise<CommandAnswer> {
    const accountId = this.credentials.accountIdOf(email);
    const now = this.clock.now();
    const inForce = await versionInForce(this.rows, now);
    const facts = async () => ({
      now,
      accountId,
      inForce,
      passwordHash: await this.credentials.hashPassword(password),
      code: this.credentials.newCode(),
    });
    return this.commands.execute(account, 'register', accountId, { email, password, locale }, facts, who);
  }
}
