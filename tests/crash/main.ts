import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { runCrash } from './crash';

const usage = `usage: npm run crash -- [--minutes N] [--seed S] [--stories N] [--replicas N]

  --minutes   how long processes are killed while orders come in; 10 if left out
  --seed      a number; of chance if left out, and printed
  --stories   orders told at once; 200 if left out
  --replicas  processes of each service; 1 if left out

  Needs Java 17 and Maven for the broker, which is killed as well; a broker of KAFKA_BROKERS is used as it is and left alone.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    stories: { type: 'string', default: '200' },
    replicas: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});

const main = async (): Promise<number> => {
  const [minutes, stories, replicas] = [Number(values.minutes), Number(values.stories), Number(values.replicas)];
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
  if (values.help || ![minutes, stories, replicas, seed].every((number) => Number.isFinite(number) && number >= 0)) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const kafkaBrokers = process.env['KAFKA_BROKERS'];
  const result = await runCrash({
    bus: 'kafka',
    seed,
    forMs: minutes * 60_000,
    stories,
    replicas,
    print: (line) => console.log(line),
    ...(kafkaBrokers ? { kafkaBrokers } : {}),
  });
  for (const problem of result.problems) console.log(`✗ ${problem}`);
  console.log(JSON.stringify({ seed, ...result, problems: result.problems.length }));
  return result.problems.length === 0 ? 0 : 1;
};

main().then(
  (code) => process.exit(code),
  (fault: unknown) => {
    console.error(fault instanceof Error ? fault.message : fault);
    process.exit(1);
  },
);
