import fc from 'fast-check';
import { nodesOf, parseAgreement } from './index';

/** The numbers of a made-up agreement: sections, clauses in them, and clauses in some of those. */
const shape = fc.array(fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 6 });

const numbersOf = (sections: readonly (readonly number[])[]): string[] =>
  sections.flatMap((clauses, section) => [
    `${section + 1}`,
    ...clauses.flatMap((children, clause) => [
      `${section + 1}.${clause + 1}`,
      ...Array.from({ length: children }, (_, child) => `${section + 1}.${clause + 1}.${child + 1}`),
    ]),
  ]);

const lineOf = (id: string, words: string): string => (id.includes('.') ? `${id} ${words}` : `${id}.总则`);

describe('numbering of any agreement', () => {
  test('references at the start of wrapped lines never begin a clause', () => {
    fc.assert(
      fc.property(shape, fc.infiniteStream(fc.nat(1_000)), (sections, choices) => {
        const numbers = numbersOf(sections);
        const lines = numbers.flatMap((id) => {
          const referred = numbers.filter((other) => other.includes('.'))[
            choices.next().value % Math.max(1, numbers.length - sections.length)
          ];
          const wrapped = choices.next().value % 3 === 0 && id.includes('.');
          return wrapped ? [lineOf(id, '用户按照本协议第'), `${referred} 条的约定办理，`, '不得拖延。'] : [lineOf(id, '双方各自遵守。')];
        });
        const document = parseAgreement(lines.join('\n'));
        expect(nodesOf(document).map(({ id }) => id)).toEqual(numbers);
        expect(document.anomalies).toEqual([]);
      }),
    );
  });

  test('one number misprinted as one of another group is healed, wherever it stands', () => {
    fc.assert(
      fc.property(shape, fc.nat(1_000), fc.nat(1_000), (sections, slipAt, printAs) => {
        const numbers = numbersOf(sections);
        const deep = numbers.filter((id) => id.split('.').length === 3);
        const misprinted = deep[slipAt % deep.length];
        // Another group's number, earlier in the document: the one kind that never can be a missing heading.
        const others = deep.filter(
          (id) => misprinted !== undefined && deep.indexOf(id) < deep.indexOf(misprinted) && !misprinted.startsWith(id.slice(0, 4)),
        );
        const printed = others[printAs % others.length];
        fc.pre(misprinted !== undefined && printed !== undefined);
        const document = parseAgreement(numbers.map((id) => lineOf(id === misprinted ? printed : id, '双方各自遵守。')).join('\n'));
        expect(nodesOf(document).map(({ id }) => id)).toEqual(numbers);
        expect(document.anomalies).toMatchObject([{ kind: 'numbering', printed, canonical: misprinted }]);
      }),
    );
  });

  test('a clause left out leaves every other number as it is printed', () => {
    fc.assert(
      fc.property(shape, fc.nat(1_000), (sections, choice) => {
        const numbers = numbersOf(sections);
        const leaves = numbers.filter((id, index) => id.includes('.') && !numbers[index + 1]?.startsWith(`${id}.`));
        const left = leaves[choice % leaves.length];
        const rest = numbers.filter((id) => id !== left);
        expect(nodesOf(parseAgreement(rest.map((id) => lineOf(id, '双方各自遵守。')).join('\n'))).map(({ id }) => id)).toEqual(rest);
      }),
    );
  });
});
