import { Setting } from '@qiyue/service-kit';
import { IsJSON, IsString, MinLength } from 'class-validator';

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
    meaning: 'Staff who can log in: JSON list of `{"name", "role", "passwordHash"}` (argon2id; `npm run staff-password` makes one).',
    default: '[]',
    secret: true,
  })
  @IsJSON()
  staff!: string;
}
