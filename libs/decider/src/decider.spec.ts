import {
  events,
  examplesOf,
  fold,
  internal,
  parseStreamName,
  Personal,
  personalPaths,
  published,
  publishedAs,
  rejections,
  stateMatrix,
  stream,
  streamName,
  Type,
  under,
} from './index';
import type { EventOf } from './index';
import { checkRefusals, checkStream, givenFor } from './testing';

const { reject } = rejections('lamp', {
  'lamp-broken': { status: 409, meaning: 'The lamp is broken.' },
  'lamp-missing': { status: 404, meaning: 'There is no such lamp.' },
});
const LampLit = { service: 'lamp', name: 'LampLit', version: 1, schema: Type.Object({ watt: Type.Integer() }), clause: '2.2.5' };
const lampEvents = events({
  LampPlaced: internal('only the lamp minds', Type.Object({ accountId: Type.String(), owner: Personal() })),
  LampLit: published(LampLit),
  LampBroke: publishedAs(LampLit, Type.Object({ why: Type.String() }), () => ({ watt: 0 })),
});
type Lamp = { readonly status: 'none' | 'dark' | 'lit' | 'broken' };
const evolve = (lamp: Lamp, event: EventOf<typeof lampEvents>): Lamp => {
  switch (event.type) {
    case 'LampPlaced':
      return { status: 'dark' };
    case 'LampLit':
      return lamp.status === 'dark' ? { status: 'lit' } : lamp;
    case 'LampBroke':
      return { status: 'broken' };
    default:
      return event satisfies never;
  }
};
const place = (lamp: Lamp, { owner }: { owner: string }, _facts: object) =>
  lamp.status === 'none' ? [lampEvents.LampPlaced({ accountId: 'a', owner })] : [];
const light = (lamp: Lamp, { watt }: { watt: number }, _facts: { now: string }) => {
  switch (lamp.status) {
    case 'none':
      return reject('lamp-missing');
    case 'broken':
      return reject('lamp-broken', { watt });
    case 'lit':
      return [];
    case 'dark':
      return [lampEvents.LampLit({ watt })];
  }
};
const lamp = stream({ category: 'lamp', events: lampEvents, initialState: { status: 'none' } as Lamp, evolve, decide: { place, light } });
const given = givenFor(lamp);
const facts = { now: '2026-03-02T00:00:00.000Z' };
const aLamp = [lampEvents.LampPlaced({ accountId: 'a', owner: 'x' })];
const examples = examplesOf(lamp, {
  histories: {
    none: [],
    dark: aLamp,
    lit: [...aLamp, lampEvents.LampLit({ watt: 5 })],
    broken: [...aLamp, lampEvents.LampBroke({ why: 'old' })],
  },
  commands: { place: [{ owner: 'x' }, {}], light: [{ watt: 5 }, facts] },
  refusals: { light: { on: 'dark', faults: { 'lamp-missing': { history: 'none' }, 'lamp-broken': { history: 'broken' } } } },
});

describe('the stream kernel', () => {
  test('a command leads to its events', () =>
    given(...aLamp)
      .when('light', { watt: 5 }, facts)
      .then(lampEvents.LampLit({ watt: 5 })));
  test('a command that is so already leads to nothing', () =>
    given(...aLamp, lampEvents.LampLit({ watt: 5 }))
      .when('light', { watt: 5 }, facts)
      .thenNothing());
  test('a refusal names its code and details', () =>
    given(lampEvents.LampBroke({ why: 'old' }))
      .when('light', { watt: 5 }, facts)
      .thenRejected('lamp-broken', { watt: 5 }));
  test('a category with a dash is refused, because it ends at the first dash', () =>
    expect(() => stream({ ...lamp, category: 'the-lamp' })).toThrow(TypeError));
  test('a stream name parts at the first dash only', () => {
    expect(parseStreamName(streamName(lamp, 'a-b'))).toEqual({ category: 'lamp', id: 'a-b' });
    expect(parseStreamName('lamp')).toEqual({ category: 'lamp', id: '' });
  });
  test('an event can be decided under another clause than its declaration names', () =>
    expect(under('8.2.2', lampEvents.LampLit({ watt: 1 }))).toMatchObject({ clause: '8.2.2' }));
  test('a fold starts from any state', () =>
    expect(fold(lamp, [lampEvents.LampLit({ watt: 1 })], { status: 'dark' })).toEqual({ status: 'lit' }));
  test('personal fields are found wherever they stand', () =>
    expect(
      personalPaths(
        Type.Object({ a: Type.Object({ b: Type.Array(Type.Object({ c: Personal() })) }), d: Type.Optional(Personal({ of: 'payerId' })) }),
      ),
    ).toEqual([
      { path: ['a', 'b', '*', 'c'], subject: 'accountId' },
      { path: ['d'], subject: 'payerId' },
    ]));
});

describe('the given / when / then kit', () => {
  test('other events than the expected ones fail', () =>
    expect(() =>
      given(...aLamp)
        .when('light', { watt: 5 }, facts)
        .then(lampEvents.LampLit({ watt: 6 })),
    ).toThrow());
  test('an unexpected refusal fails and says its code', () =>
    expect(() => given().when('light', { watt: 5 }, facts).then()).toThrow(/lamp-missing/));
  test('an expected refusal that does not come fails', () =>
    expect(() =>
      given(...aLamp)
        .when('light', { watt: 5 }, facts)
        .thenRejected('lamp-missing'),
    ).toThrow(/LampLit/));
  test('an event that does not fit its schema fails', () =>
    expect(() =>
      given(...aLamp)
        .when('light', { watt: 0.5 }, facts)
        .then(lampEvents.LampLit({ watt: 0.5 })),
    ).toThrow(/integer/));
  test('a command that counts twice when taken twice fails', () => {
    const forgetful = stream({ ...lamp, evolve: (state: Lamp) => state });
    expect(() =>
      givenFor(forgetful)()
        .when('place', { owner: 'x' }, {})
        .then(...aLamp),
    ).toThrow(/taken twice/);
  });
  test('a decision that changes the state it was given fails', () => {
    const rude = stream({
      ...lamp,
      decide: {
        poke: (state: { status: string }, _c: object, _f: object) => {
          state.status = 'lit';
          return [];
        },
      },
    } as never);
    expect(() => givenFor(rude as never as typeof lamp)(...aLamp).when('poke' as never, {} as never, {} as never)).toThrow(
      /must not change/,
    );
  });
  test('what does not fit does not compile', () => {
    const types = (): void => {
      // @ts-expect-error -- an unknown command
      given().when('juggle', {}, facts);
      // @ts-expect-error -- another command's fields
      given().when('light', { owner: 'x' }, facts);
      // @ts-expect-error -- a fact is missing
      given().when('light', { watt: 1 }, {});
      // @ts-expect-error -- a code that this command never answers
      given().when('light', { watt: 1 }, facts).thenRejected('lamp-stolen');
      // @ts-expect-error -- an event that evolve does not handle
      stream({ ...lamp, events: { ...lampEvents, ...events({ LampSold: internal('why', Type.Object({})) }) } });
      // @ts-expect-error -- a code that is not declared
      reject('lamp-stolen');
      // @ts-expect-error -- a status without a history
      examplesOf(lamp, { ...examples, histories: { none: [] } });
      // @ts-expect-error -- a code without a fault that leads to it
      examplesOf(lamp, { ...examples, refusals: { light: { on: 'dark', faults: { 'lamp-missing': { history: 'none' } } } } });
    };
    expect(types).toBeInstanceOf(Function);
  });
});

describe('examples', () => {
  test('the state matrix shows events, codes and what is so already', () =>
    expect(stateMatrix(examples)).toBe(
      [
        '| | light | place |',
        '|---|---|---|',
        '| none | `lamp-missing` | LampPlaced |',
        '| dark | LampLit | already so |',
        '| lit | already so | already so |',
        '| broken | `lamp-broken` | already so |',
      ].join('\n'),
    ));
  test('a sound stream passes every check', () => expect(() => checkStream(examples)).not.toThrow());
  test('refusals that are as declared pass, and their codes are counted', () =>
    expect(checkRefusals(examples, ['lamp-missing', 'lamp-broken'])).toEqual(['lamp-missing', 'lamp-broken']));
  test('codes that do not stand in the order of the table are caught', () =>
    expect(() => checkRefusals(examples, ['lamp-broken', 'lamp-missing'])).toThrow(/order of the table/));
  test('a fault that is refused with another code is caught', () => {
    const faults = { 'lamp-missing': { history: 'broken' }, 'lamp-broken': { history: 'none' } } as const;
    expect(() => checkRefusals({ ...examples, refusals: { light: { on: 'dark', faults } } }, Object.keys(faults))).toThrow(/one fault/);
  });
  test('two faults of which the second is told first are caught', () => {
    const careless = stream({
      ...lamp,
      decide: {
        ...lamp.decide,
        light: (state: Lamp, command: { watt: number }, known: { now: string }) =>
          command.watt > 100 ? reject('lamp-broken') : lamp.decide.light(state, command, known),
      },
    });
    const faults = { 'lamp-missing': { history: 'none' }, 'lamp-broken': { 'command.watt': 101 } } as const;
    const declared = { ...examples, stream: careless, refusals: { light: { on: 'dark', faults } } };
    expect(() => checkRefusals(declared, Object.keys(faults))).toThrow(/lamp-missing together with lamp-broken/);
  });
  test('a history that leads elsewhere is caught', () =>
    expect(() => checkStream({ ...examples, histories: { ...examples.histories, none: aLamp } })).toThrow(/leads to dark/));
});
