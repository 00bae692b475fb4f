import { parseStreamName } from '@qiyue/decider';
import { comparePositions } from './position';
import type { EventStoreClient, Position } from './types';

const pageSizes = [16, 128, 1024] as const;

export interface LastOfCategories {
  /** The last event of any kind when the search began; undefined if there is none. */
  readonly head: Position | undefined;
  /** The last event of the categories after the lower bound; undefined if there is none. */
  readonly last: Position | undefined;
}

/** Looks backwards through `$all` for the last event of the categories, no further than `downTo`. */
export const lastOfCategories = async (
  client: Pick<EventStoreClient, 'readAllBackwards'>,
  categories: ReadonlySet<string>,
  downTo: Position | undefined,
): Promise<LastOfCategories> => {
  let head: Position | undefined;
  let before: Position | undefined;
  for (let page = 0; ; page += 1) {
    const maxCount = pageSizes[Math.min(page, pageSizes.length - 1)] as number;
    const found = await client.readAllBackwards({ maxCount, ...(before === undefined ? {} : { before }) });
    // A server may count the position it is given as part of the page.
    const events = found.filter(({ position }) => before === undefined || comparePositions(position, before) < 0);
    head ??= events[0]?.position;
    for (const { stream, position } of events) {
      if (comparePositions(position, downTo) <= 0) return { head, last: undefined };
      if (categories.has(parseStreamName(stream).category)) return { head, last: position };
    }
    before = events.at(-1)?.position;
    if (before === undefined || found.length < maxCount) return { head, last: undefined };
  }
};
