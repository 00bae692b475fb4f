// 2.2.2: the payer's name must be the account's verified name.

/**
 * A name as it is compared: compatibility forms unified (NFKC, so that full-width letters, digits and brackets become
 * their half-width twins), case folded (through capitals, where ß and SS meet), white space and invisible characters removed.
 */
export const comparableName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\p{White_Space}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');

/** Whether two names are the same for 2.2.2. A name with nothing in it matches none, not even another empty one. */
export const sameName = (a: string, b: string): boolean => {
  const comparable = comparableName(a);
  return comparable !== '' && comparable === comparableName(b);
};
