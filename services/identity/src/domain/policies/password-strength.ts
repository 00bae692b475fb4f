// 3.2: a password that anybody would try first does not protect an account.

/** Passwords (and stems of them) that lead every list of breached ones. */
const wellKnown = [
  'password',
  'passw0rd',
  'qwerty',
  'letmein',
  'iloveyou',
  'welcome',
  'admin',
  '123456',
  '111111',
  '000000',
  'abc123',
  'woaini',
  '5201314',
  'a123456',
  '888888',
];

const leastLength = 10;

/** Whether a password is long and unusual enough, and does not repeat the e-mail address. */
export const isStrongEnough = (password: string, email: string): boolean => {
  const plain = password.toLowerCase();
  const mailbox = email.toLowerCase().split('@')[0] ?? '';
  const unusual = wellKnown.reduce((rest, word) => rest.replaceAll(word, ''), plain);
  return (
    password.length >= leastLength &&
    new Set(plain).size >= 5 &&
    unusual.length >= leastLength / 2 &&
    !(mailbox.length >= 4 && plain.includes(mailbox))
  );
};
