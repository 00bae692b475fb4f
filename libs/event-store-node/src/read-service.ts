import { streamDeleted } from './errors';
import type { RecordedEvent } from './model';
import type { Reader } from './reader';
import type { Sink } from './sink';
import { followAll, followStream, type SubscriptionParts } from './subscription';
import type { ReadRequest, ReadTarget } from './read-request';
import { encodeConfirmation, encodeEvent, encodeFirstStreamPosition, encodeLastStreamPosition, encodeStreamNotFound } from './wire-encode';

/** Positions a filtered read of `$all` looks through at a time. */
const SEARCH_STEP = 2048;

const sendAll = async (reader: Reader, sink: Sink, request: ReadRequest, events: readonly RecordedEvent[]): Promise<void> => {
  const resolved = request.resolveLinks ? await reader.resolve(events) : events.map((event) => ({ event }));
  for (const event of resolved) {
    if (sink.closed) return;
    await sink.send(encodeEvent(event, request.structuredIds));
  }
};

const readStream = async (
  reader: Reader,
  sink: Sink,
  request: ReadRequest,
  target: ReadTarget & { kind: 'stream' },
  count: number,
): Promise<void> => {
  const { stream } = target;
  let state = await reader.streamState(stream);
  if (state.kind === 'tombstoned') throw streamDeleted(stream);
  if (state.kind === 'none') {
    await sink.send(encodeStreamNotFound(stream));
    return;
  }
  const { last } = state;
  let next = target.from === 'start' ? 0 : target.from === 'end' ? (request.backwards ? last : last + 1) : target.from;
  let left = count;
  let first = true;
  while (left > 0 && !sink.closed && state.kind === 'readable') {
    const events: RecordedEvent[] = request.backwards
      ? await reader.streamBackwards(stream, state, next, left)
      : await reader.streamForwards(stream, state, next, left);
    if (first && events.length === 0 && request.tellsRevisions && !request.backwards && next !== state.last + 1)
      await sink.send(encodeFirstStreamPosition(state.last + 1));
    first = false;
    await sendAll(reader, sink, request, events);
    const final = events.at(-1);
    if (!final) break;
    left -= events.length;
    next = final.revision + (request.backwards ? -1 : 1);
    if (request.backwards ? next < state.first : next > state.last) break;
    state = await reader.streamState(stream);
  }
  if (request.tellsRevisions && !sink.closed) await sink.send(encodeLastStreamPosition(last));
};

const readAllForwards = async (
  parts: SubscriptionParts,
  sink: Sink,
  request: ReadRequest,
  target: ReadTarget & { kind: 'all' },
  count: number,
): Promise<void> => {
  const { reader, tail } = parts;
  const end = tail.committed;
  let next = target.from === 'start' ? 0 : target.from === 'end' ? end + 1 : target.from.inclusive;
  let left = count;
  while (left > 0 && next <= end && !sink.closed) {
    if (target.filter) {
      const page = await reader.filteredForwards(next, end, SEARCH_STEP, target.filter);
      const events = page.events.slice(0, left);
      await sendAll(reader, sink, request, events);
      left -= events.length;
      next = page.searchedTo + 1;
    } else {
      const events = await reader.allForwards(next, left);
      await sendAll(reader, sink, request, events);
      const final = events.at(-1);
      if (!final) return;
      left -= events.length;
      next = final.position + 1;
    }
  }
};

const readAllBackwards = async (
  parts: SubscriptionParts,
  sink: Sink,
  request: ReadRequest,
  target: ReadTarget & { kind: 'all' },
  count: number,
): Promise<void> => {
  const { reader, tail } = parts;
  let before = target.from === 'start' ? 0 : target.from === 'end' ? tail.committed + 1 : target.from.inclusive;
  let left = count;
  while (left > 0 && before > 1 && !sink.closed) {
    const read: RecordedEvent[] = await reader.allBackwards(before, target.filter ? SEARCH_STEP : left);
    const final = read.at(-1);
    if (!final) return;
    const { filter } = target;
    const events = (filter ? read.filter((event) => filter.matches(event)) : read).slice(0, left);
    await sendAll(reader, sink, request, events);
    left -= events.length;
    before = final.position;
  }
};

const subscribe = async (parts: SubscriptionParts, sink: Sink, request: ReadRequest, subscriptionId: string): Promise<void> => {
  const { target, resolveLinks, structuredIds } = request;
  if (target.kind === 'stream') {
    const state = await parts.reader.streamState(target.stream);
    if (state.kind === 'tombstoned') throw streamDeleted(target.stream);
    await sink.send(encodeConfirmation(subscriptionId));
    const from = target.from === 'start' ? 0 : target.from === 'end' ? state.last + 1 : target.from + 1;
    return followStream(parts, sink, { stream: target.stream, from, resolveLinks, structuredIds });
  }
  const from = target.from === 'start' ? 1 : target.from === 'end' ? parts.tail.committed + 1 : Math.max(1, target.from.exclusive);
  await sink.send(encodeConfirmation(subscriptionId));
  const { checkpointInterval, filter } = target;
  return followAll(parts, sink, { from, checkpointInterval, resolveLinks, structuredIds, ...(filter && { filter }) });
};

/** Answers one read or subscription; returns when it is over or the client has gone. */
export const serveRead = (parts: SubscriptionParts, sink: Sink, request: ReadRequest, subscriptionId: string): Promise<void> => {
  const { target, count } = request;
  if (count === 'subscription') return subscribe(parts, sink, request, subscriptionId);
  if (target.kind === 'stream') return readStream(parts.reader, sink, request, target, count);
  return request.backwards ? readAllBackwards(parts, sink, request, target, count) : readAllForwards(parts, sink, request, target, count);
};
