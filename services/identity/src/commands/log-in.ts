import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Answers, Clock, Commands, Public, Rows, Tokens, Who, type Caller } from '@qiyue/service-kit';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { Credentials } from '../credentials';
import { account } from '../domain/account';
import { staff } from '../domain/staff';
import { versionInForce } from '../read-models/agreement-versions';

class LogInBody {
  @IsEmail()
  @MaxLength(254)
  email!: string;

  @IsString()
  @Length(1, 200)
  password!: string;
}

class StaffLogInBody {
  @IsString()
  @Length(1, 64)
  name!: string;

  @IsString()
  @Length(1, 200)
  password!: string;
}

/** A token and the subject it speaks for. */
interface Session {
  readonly accessToken: string;
  readonly expiresAt: string;
  /** The account's id, or the name of the member of staff. */
  readonly subject: string;
  readonly role: string;
}

/** `POST /identity/sessions` for customers, `POST /identity/staff-sessions` for staff. */
@Controller()
export class LogIn {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
    private readonly credentials: Credentials,
    private readonly tokens: Tokens,
  ) {}

  /** The first log-in under a newer version of the agreement accepts it (1.2). */
  @Post('sessions')
  @HttpCode(200)
  @Public()
  @Answers(account, 'logIn', 'credentials-wrong', 'locked-out', 'email-not-proved')
  async customer(@Body() { email, password }: LogInBody, @Who() who: Caller): Promise<Session> {
    const accountId = this.credentials.accountIdOf(email);
    const now = this.clock.now();
    const inForce = await versionInForce(this.rows, now);
    const answer = await this.commands.execute(
      account,
      'logIn',
      accountId,
      {},
      async (state) => ({
        now,
        inForce,
        attemptId: who.commandId,
        passwordMatches: await this.credentials.passwordMatches(state.status === 'none' ? undefined : state.passwordHash, password),
      }),
      who,
    );
    if (answer.events.some(({ type }) => type === 'LogInFailed')) this.commands.refuse('credentials-wrong');
    return this.session(accountId, { sub: accountId, role: 'customer', sid: who.commandId });
  }

  @Post('staff-sessions')
  @HttpCode(200)
  @Public()
  @Answers('credentials-wrong', 'locked-out')
  async staff(@Body() { name, password }: StaffLogInBody, @Who() who: Caller): Promise<Session> {
    const member = this.credentials.staffMember(name);
    const passwordMatches = await this.credentials.passwordMatches(member?.passwordHash, password);
    // Streams are opened only for names that are configured, so that guessing names fills no store.
    if (member === undefined) this.commands.refuse('credentials-wrong');
    const facts = { now: this.clock.now(), attemptId: who.commandId, passwordMatches };
    const answer = await this.commands.execute(staff, 'logIn', name, { name }, facts, who);
    if (answer.events.some(({ type }) => type === 'StaffLogInFailed')) this.commands.refuse('credentials-wrong');
    return this.session(name, { sub: name, role: member.role, sid: who.commandId });
  }

  private async session(subject: string, claims: Parameters<Tokens['issue']>[0]): Promise<Session> {
    const { token, expiresAt } = await this.tokens.issue(claims);
    return { accessToken: token, expiresAt, subject, role: claims.role };
  }
}
