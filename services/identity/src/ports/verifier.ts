import { Injectable } from '@nestjs/common';
import type { Papers } from '../domain/policies/verification-papers';

/** What a verifier found; `reason` is a short word for the record, never personal data. */
export interface VerifierFinding {
  readonly result: 'verified' | 'rejected' | 'needs-review';
  readonly reason: string;
}

/** Whoever checks papers against the registers: ask with the same `requestId` as often as you like, the answer is about that request. */
export abstract class Verifier {
  abstract check(requestId: string, papers: Papers): Promise<VerifierFinding>;
}

/** Stands in for a register: a name that holds 拒绝 is rejected, one that holds 复核 needs a person, every other is verified. */
@Injectable()
export class SandboxVerifier extends Verifier {
  override async check(_requestId: string, { name }: Papers): Promise<VerifierFinding> {
    if (name.includes('拒绝')) return { result: 'rejected', reason: 'name-and-number-differ' };
    return name.includes('复核') ? { result: 'needs-review', reason: 'name-similar' } : { result: 'verified', reason: 'sandbox' };
  }
}
