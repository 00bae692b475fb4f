import { Setting } from '@qiyue/service-kit';
import { IsString, MinLength, ValidateBy } from 'class-validator';
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
