import type { Embedded } from '@qiyue/all-in-one';
import { Client } from 'pg';
import type { StoryOptions } from './teller';

/** Names and passwords of the embedded profile's staff, as the story wants them. */
export const staffOf = ({ staff }: Pick<Embedded, 'staff'>): StoryOptions['staff'] =>
  Object.fromEntries(staff.map(({ role, name, password }) => [role, { name, password }])) as StoryOptions['staff'];

/** Alters one byte of the last event of a stream, in the event store's own table. */
export const tamperIn =
  (eventsUrl: string) =>
  async (stream: string): Promise<string> => {
    const client = new Client({ connectionString: eventsUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ position: string; revision: string; data: Buffer }>(
        'SELECT position, revision, data FROM events WHERE stream = $1 ORDER BY revision DESC LIMIT 1',
        [stream],
      );
      const [last] = rows;
      if (last === undefined) throw new Error(`${stream} holds no event`);
      // A letter inside a string value, so that the event stays well-formed JSON and only its meaning changes.
      const at = last.data.lastIndexOf('"') - 1;
      const byte = last.data[at] ?? 0;
      await client.query('UPDATE events SET data = set_byte(data, $2, $3) WHERE position = $1', [
        last.position,
        at,
        byte === 0x61 ? 0x62 : 0x61,
      ]);
      return last.revision;
    } finally {
      await client.end();
    }
  };
