// A process that appends with many appends under way, for the specs that break its connection; not exported.
// Arguments: connection string, name, streams (one append under way in each), milliseconds of patience, bytes of padding an event.
// It says `+` for every append that was acknowledged, ends its appends when its input ends, and then says how many each stream got.
import { appendSurely } from './append-surely';
import { connectEventStore } from './client';
import { StoreUnavailable } from './faults';
import { uuid5 } from './uuid5';

const [url = '', name = '', streams = '1', patience = '1000', bytes = '0'] = process.argv.slice(2);
const client = connectEventStore(url, { patienceMs: Number(patience) });
const padding = 'x'.repeat(Number(bytes));
const backOff = { firstMs: 5, maxMs: 200, random: Math.random };
let stopping = false;
process.stdin.on('end', () => (stopping = true)).resume();

/** Appends one event, however often that takes. */
const append = async (stream: string, n: number): Promise<void> => {
  const event = {
    id: uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', `${stream}@${n}`),
    type: 'Counted',
    data: { n, padding },
    metadata: {} as never,
  };
  for (;;) {
    try {
      return await appendSurely(client, stream, [event], n === 0 ? 'no_stream' : BigInt(n - 1), { tries: 1_000, backOff });
    } catch (fault) {
      // Reading back is refused as well while the store is away; anything but that must end this process.
      if (!(fault instanceof StoreUnavailable)) throw fault;
    }
  }
};

const lane = async (stream: string): Promise<number> => {
  let n = 0;
  while (!stopping) {
    await append(stream, n);
    n += 1;
    process.stdout.write('+');
  }
  return n;
};

const main = async (): Promise<void> => {
  const counts = await Promise.all(Array.from({ length: Number(streams) }, (_, index) => lane(`${name}-${index}`)));
  await client.dispose();
  process.stdout.write(JSON.stringify(counts));
};
void main();
