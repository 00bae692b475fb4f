import { hash } from '@node-rs/argon2';
import type { IdentityConfig } from './config';
import { Credentials } from './credentials';
import { staffListFault } from './staff-list';

const withPepper = (pepper: string, staff = '[]'): Credentials =>
  new Credentials({ pepper, staff, hashesMax: 2, hashesWaitingMax: 10 } satisfies IdentityConfig);
const credentials = withPepper('p'.repeat(32));
const li = credentials.accountIdOf('li@example.com');

describe('the account of an address', () => {
  test.each([['LI@Example.COM'], [' li@example.com '], ['ｌｉ@example.com'], ['Ｌi@EXAMPLE.com']])(
    'is the same for %p: case, width and blanks around it do not matter (2.1.1)',
    (address) => expect(credentials.accountIdOf(address)).toBe(li),
  );
  test.each([['li.@example.com'], ['li+1@example.com'], ['l.i@example.com'], ['li@example.org'], ['lì@example.com']])(
    'is another for %p (2.1.1)',
    (address) => expect(credentials.accountIdOf(address)).not.toBe(li),
  );
  test('depends on the pepper and does not tell the address (5.1)', () => {
    expect(withPepper('q'.repeat(32)).accountIdOf('li@example.com')).not.toBe(li);
    expect(li).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('passwords', () => {
  test('are hashed by argon2id with 19 MiB, two passes and one lane, each time with another salt (3.2)', async () => {
    const [one, other] = [await credentials.hashPassword('drei-Katzen-7'), await credentials.hashPassword('drei-Katzen-7')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(other).not.toBe(one);
    expect(await credentials.passwordMatches(one, 'drei-Katzen-7')).toBe(true);
    expect(await credentials.passwordMatches(one, 'drei-katzen-7')).toBe(false);
  });
  test('of nobody are checked against a hash of the same cost, and never match (3.2)', async () => {
    // The cost of a check is the hash's: what is checked for an unknown name must therefore cost what a known one's does.
    const nobody = await (credentials as unknown as { readonly nobody: Promise<string> }).nobody;
    expect(nobody.split('$').slice(0, 4)).toEqual((await credentials.hashPassword('x')).split('$').slice(0, 4));
    expect(await credentials.passwordMatches(undefined, 'anything')).toBe(false);
  });
  test('of an account that is erased never match again (8.4)', async () =>
    expect(await credentials.passwordMatches('[forgotten]', 'anything')).toBe(false));
});

test('a one-time code is six digits, leading zeros included (2.1.1)', () => {
  const codes = Array.from({ length: 2_000 }, () => credentials.newCode());
  for (const code of codes) expect(code).toMatch(/^\d{6}$/);
  expect(codes.some((code) => code.startsWith('0'))).toBe(true);
  expect(new Set(codes).size).toBeGreaterThan(1_900);
});

describe('the list of staff', () => {
  const passwordHash = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA';
  const one = { name: 'officer-1', role: 'officer', passwordHash };
  test('names people who can log in (3.2)', async () => {
    const member = { ...one, passwordHash: await hash('drei-Katzen-7') };
    const staffed = withPepper('p'.repeat(32), JSON.stringify([member]));
    expect(staffListFault(JSON.stringify([member]))).toBeUndefined();
    expect(staffed.staffMember('officer-1')).toEqual(member);
    expect(staffed.staffMember('nobody')).toBeUndefined();
  });
  test.each([
    ['no JSON', 'x', 'must be a JSON list'],
    ['no list', '{}', 'must be a JSON list'],
    ['a customer among staff', JSON.stringify([{ ...one, role: 'customer' }]), 'entry 0: a role is one of'],
    ['a role that does not exist', JSON.stringify([one, { ...one, name: 'b', role: 'root' }]), 'entry 1: a role is one of'],
    ['a name that can be no id', JSON.stringify([{ ...one, name: 'a b' }]), 'entry 0: a name is'],
    ['a password in clear', JSON.stringify([{ ...one, passwordHash: 'hunter2' }]), 'entry 0: a password hash is an argon2id one'],
    [
      'an older kind of hash',
      JSON.stringify([{ ...one, passwordHash: passwordHash.replace('argon2id', 'argon2i') }]),
      'entry 0: a password hash',
    ],
    ['an empty entry', '[null]', 'entry 0: a name is'],
    ['somebody twice', JSON.stringify([one, one]), 'names somebody twice'],
  ])('with %s is refused at the start, and the fault repeats no value (3.2)', (_what, text, fault) => {
    expect(staffListFault(text)).toContain(fault);
    expect(staffListFault(text)).not.toContain('hunter2');
  });
});
