import { clauseIndex } from './clause-index';

const [wanted = ''] = process.argv.slice(2);
const index = clauseIndex();
const found = index.filter(({ clause }) => clause === wanted || clause.startsWith(`${wanted}.`));

if (wanted === '' || found.length === 0) {
  console.error(`usage: npm run where -- CLAUSE    (one of ${index.map(({ clause }) => clause).join(' ')})`);
  process.exit(2);
}

const line = (label: string, values: readonly string[]): void => {
  if (values.length > 0) console.log(`  ${label.padEnd(10)} ${values.join('\n' + ' '.repeat(13))}`);
};

for (const { clause, kind, owner, zh, en, parameters, places, codes, events, tests } of found) {
  console.log(`${clause}  ${kind}, ${owner.join(', ')}\n  ${en}\n  ${zh}`);
  line('policy', parameters);
  line('code', places);
  line('refusals', codes);
  line('events', events);
  line('tests', tests);
}
