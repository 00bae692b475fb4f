import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { notice } from '../domain/notice';

/** `POST /notification/notices/:noticeId/bounce`: the mail system says later that an address could not be reached (7.2). */
@Controller('notices/:noticeId/bounce')
export class RecordBounce {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @For('operator', 'service')
  @Answers(notice, 'recordEmail', 'notice-unknown', 'channel-not-used')
  post(@Param('noticeId') noticeId: string, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(notice, 'recordEmail', noticeId, { result: 'bounced' }, { now: this.clock.now() }, who);
  }
}
