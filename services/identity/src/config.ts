import { Setting } from '@qiyue/service-kit';
import { IsInt, IsString, Max, Min, MinLength, ValidateBy } from 'class-validator';
import { staffListFault } from './staff-list';

/** Settings of the identity service. */
export class IdentityConfig {
  @Setting('IDENTITY_PEPPER', {
    meaning: 'Secret of 32 characters or more that account ids are derived with; changing it cuts every login from its account.',
    secret: true,
  })
  @IsString()
  @MinLength(32)
  pepper!: string;

  @Setting('IDENTITY_HASHES_MAX', {
    meaning:
      'Passwords that are hashed or checked at a time. Each takes a core for tens of milliseconds and 19 MiB; the process has four threads for them and everything else.',
    default: '2',
  })
  @IsInt()
  @Min(1)
  @Max(64)
  hashesMax!: number;

  @Setting('IDENTITY_HASHES_WAITING_MAX', {
    meaning: 'Passwords that may wait to be hashed or checked; one more is answered 503.',
    default: '50',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  hashesWaitingMax!: number;

  @Setting('STAFF', {
    meaning:
      'Staff who can log in: JSON list of `{"name", "role", "passwordHash"}` (an argon2id hash; the identity README says how to make one).',
    default: '[]',
    secret: true,
  })
  @ValidateBy({
    name: 'isStaffList',
    validator: {
      validate: (value) => staffListFault(value) === undefined,
      defaultMessage: (given) => `$property ${staffListFault(given?.value) ?? ''}`,
    },
  })
  staff!: string;
}
