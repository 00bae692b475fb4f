import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, newId, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsString, Length } from 'class-validator';
import { caseStream } from '../domain/case';

class NoteBody {
  @IsString()
  @Length(1, 2_000)
  text!: string;
}

class CloseBody {
  /** A short word for the record; no personal data. */
  @IsString()
  @Length(1, 100)
  outcome!: string;
}

/** What officers do with a case: write in it, close it. */
@Controller('cases/:caseId')
export class WorkCase {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  /** `POST /compliance/cases/:caseId/notes`. */
  @Post('notes')
  @HttpCode(200)
  @For('officer')
  @Answers(caseStream, 'note', 'case-unknown', 'case-closed')
  note(@Param('caseId') caseId: string, @Body() body: NoteBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(caseStream, 'note', caseId, body, { now: this.clock.now(), by: who.id, noteId: newId(who, 'note') }, who);
  }

  /** `POST /compliance/cases/:caseId/closing`. */
  @Post('closing')
  @HttpCode(200)
  @For('officer')
  @Answers(caseStream, 'close', 'case-unknown')
  close(@Param('caseId') caseId: string, @Body() body: CloseBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(caseStream, 'close', caseId, body, { now: this.clock.now() }, who);
  }
}
