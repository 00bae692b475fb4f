import 'reflect-metadata';
import { allServices } from '@qiyue/all-in-one';
import { describe } from '@qiyue/service-kit';

const [wanted, ...flags] = process.argv.slice(2);
const service = allServices.find(({ name }) => name === wanted);

if (service === undefined) {
  console.error(`usage: npm run describe -- SERVICE [--json]    (one of ${allServices.map(({ name }) => name).join(' ')})`);
  process.exit(2);
}

const described = describe(service);

const section = (title: string, lines: readonly string[]): void => {
  if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`);
};

if (flags.includes('--json')) console.log(JSON.stringify(described, undefined, 2));
else {
  console.log(`${described.name}: ${described.title}\nclauses ${described.clauses.join(' ')}`);
  section(
    'streams',
    described.streams.flatMap(({ category, events, commands }) => [
      `${category}: ${commands.join(', ')}`,
      ...events.map(({ type, version, clause, told }) => `  ${type} v${version}${clause === undefined ? '' : ` (${clause})`} -> ${told}`),
    ]),
  );
  section(
    'routes',
    described.routes.map(
      ({ method, path, roles, command, codes }) =>
        `${method.padEnd(6)} ${path} [${roles.join(' ')}]${command === undefined ? '' : ` ${command}`}${codes.length === 0 ? '' : ` refuses with ${codes.join(', ')}`}`,
    ),
  );
  section(
    `facts out (topic ${described.topicOut})`,
    described.factsOut.map(({ fact, from }) => `${fact} from ${from}`),
  );
  section(
    'facts in',
    described.factsIn.map(({ fact, by }) => `${fact} by ${by.join(', ')}`),
  );
  section(
    'reactions',
    described.reactions.map(({ name, on, command }) => `${name}: on ${on.join(', ')}${command === undefined ? '' : ` do ${command}`}`),
  );
  section(
    'deadlines',
    described.deadlines.map(
      ({ name, stream, setBy, clearedBy, command }) =>
        `${stream}.${name}: set by ${setBy.join(', ')}; cleared by ${clearedBy.join(', ') || 'nothing'}${command === undefined ? '' : `; do ${command}`}`,
    ),
  );
  section(
    'read models',
    described.readModels.map(
      ({ name, version, follows, columns }) => `${name} v${version} of ${follows.join(', ')}: ${columns.join(', ')}`,
    ),
  );
}
