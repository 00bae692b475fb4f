import type { ServiceName } from '@qiyue/contracts';
import { Controller, Get } from '@nestjs/common';
import { board, examples, lamp, lampEvents, lampFacts, lampRejections, lampService } from './fixtures/lamp';
import { meterService } from './fixtures/meter';
import { controllersOf, defineService, describe as describeService, onDeadline, openApiOf, reaction, routesOf } from './index';
import { refuseOpenRoutes } from './http/routes';

const documented = [lampService, meterService].map((definition) => ({
  definition,
  routes: routesOf(definition.name, controllersOf(definition)),
}));

describe('declaring a service', () => {
  const base = { name: 'lamp' as ServiceName, title: 't', streams: [lamp, board], commands: [], rejections: lampRejections };
  const count = {
    on: lampEvents.LampLit,
    stream: board,
    id: () => 'all',
    decide: 'count',
    command: ({ lampId }: { lampId: string }) => ({ lampId }),
  } as const;

  test('two reactions of one name are refused', () =>
    expect(() => defineService({ ...base, reactions: [reaction(count), reaction(count)] })).toThrow(
      /two reactions named count-on-lamp-lit/,
    ));
  test('a reaction to an event of a stream that is not listed is refused', () =>
    expect(() => defineService({ ...base, streams: [board], reactions: [reaction(count)] })).toThrow(
      /LampLit is no event of the service's streams/,
    ));
  test('a reaction to a fact of its own service is refused', () =>
    expect(() => defineService({ ...base, reactions: [reaction({ ...count, on: lampFacts.LampLit })] })).toThrow(
      /react to the event, not to the fact/,
    ));
  test('a deadline cleared by an event its stream does not have is refused', () =>
    expect(() =>
      defineService({
        ...base,
        reactions: [onDeadline({ name: 'x', stream: lamp, set: {}, clear: ['LampSold' as never], decide: 'burnOut' })],
      }),
    ).toThrow(/LampSold is no event of lamp/));
  test('every fault is told at once', () =>
    expect(() => defineService({ ...base, streams: [board, board], reactions: [reaction(count), reaction(count)] })).toThrow(
      /two streams.*two reactions.*no event/,
    ));
  test('a route that does not say who may call it is refused', () => {
    class Open {
      get(): void {
        /* never called */
      }
    }
    Get()(Open.prototype, 'get', Object.getOwnPropertyDescriptor(Open.prototype, 'get') as PropertyDescriptor);
    Controller('open')(Open);
    expect(() => refuseOpenRoutes(routesOf('lamp', [Open]))).toThrow(/GET \/lamp\/open/);
  });
  test('what does not fit does not compile', () => {
    const types = (): void => {
      // @ts-expect-error -- the decision wants more facts than the clock
      reaction({ on: lampEvents.LampLit, stream: lamp, id: ({ lampId }) => lampId, decide: 'place', command: () => ({ owner: 'x' }) });
      // @ts-expect-error -- another command's fields
      reaction({ ...count, command: () => ({ minutes: 1 }) });
      // @ts-expect-error -- a code the decision never answers
      reaction({ ...count, mayReject: ['lamp-missing'] });
      // @ts-expect-error -- the event has no such field
      reaction({ ...count, id: ({ lampNumber }) => lampNumber });
      // @ts-expect-error -- a deadline whose command has fields must make them
      onDeadline({ name: 'x', stream: lamp, set: {}, decide: 'light' });
    };
    expect(types).toBeInstanceOf(Function);
  });
});

describe('describing a service', () => {
  const described = describeService(lampService);
  test('it needs nothing but the definition and is plain JSON', () => expect(JSON.parse(JSON.stringify(described))).toEqual(described));
  test('streams show events, how they are told and commands', () =>
    expect(described.streams[0]).toEqual({
      category: 'lamp',
      commands: ['place', 'light', 'burnOut'],
      events: [
        { type: 'LampPlaced', version: 1, told: 'internal: nobody outside minds' },
        { type: 'LampLit', version: 1, told: 'lamp.LampLit.v1' },
        { type: 'LampBurntOut', version: 1, clause: '2.2.5', told: 'lamp.LampBurntOut.v1' },
      ],
    }));
  test('a wrong example shows nothing and stops nothing', () => {
    const wrong = {
      ...lampService,
      examples: [{ ...examples, commands: { ...examples.commands, light: [undefined, undefined] } }],
    } as never;
    expect(describeService(wrong).routes).toContainEqual(
      expect.objectContaining({ command: 'lamp.light', codes: ['lamp-missing', 'lamp-burnt-out'] }),
    );
  });
  test('routes show roles, command and codes, also those only the examples show', () => {
    expect(described.routes).toContainEqual({
      method: 'POST',
      path: '/lamp/lamps/:lampId/light',
      roles: ['customer', 'operator'],
      command: 'lamp.light',
      codes: ['lamp-missing', 'lamp-burnt-out'],
    });
    expect(described.routes).toContainEqual({ method: 'GET', path: '/lamp/gate/:name', roles: ['public'], codes: [] });
  });
  test('facts in are those of reactions and read models, with who uses them', () =>
    expect(describeService(meterService).factsIn).toEqual([
      { fact: 'lamp.LampBurntOut.v1', by: ['known_lamps'] },
      { fact: 'lamp.LampLit.v1', by: ['note-light-on-lamp-lit', 'known_lamps'] },
    ]));
  test('deadlines, reactions and read models are listed', () => {
    expect(described.deadlines).toEqual([
      { name: 'burn-out', stream: 'lamp', setBy: ['LampLit'], clearedBy: ['LampBurntOut'], command: 'lamp.burnOut' },
    ]);
    expect(described.reactions).toEqual([{ name: 'count-lamp-on-lamp-lit', on: ['LampLit'], command: 'board.count' }]);
    expect(described.readModels).toEqual([
      { name: 'lamps', version: 1, follows: ['lamp'], columns: ['lampId', 'accountId', 'owner', 'status', 'revision'] },
    ]);
  });
});

describe('the OpenAPI document', () => {
  const document = openApiOf(documented);
  const light = document.paths['/lamp/lamps/{lampId}/light']?.post;

  test('it is 3.1', () => expect(document.openapi).toBe('3.1.0'));
  test('bodies are read off their validators', () =>
    expect(light?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['minutes'],
            additionalProperties: false,
            properties: { minutes: { type: 'integer', minimum: 1, maximum: 1_000_000 }, note: { type: 'string', maxLength: 300_000 } },
          },
        },
      },
    }));
  test('refusals are documented with code and clause', () => {
    const responses = light?.responses as Record<string, { description: string }>;
    expect(responses['409']?.description).toContain('`lamp-burnt-out` (2.2.5): The lamp has burnt out.');
    expect(responses['404']?.description).toContain('`lamp-missing`');
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '201', '400', '401', '403', '412', '413', '415', '422', '503']));
  });
  test('query parameters are read off their class', () =>
    expect(document.paths['/lamp/lamps']?.get?.parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 1000 },
    }));
  test('rows are read off their read model', () =>
    expect(document.paths['/lamp/lamps/{lampId}']?.get?.responses['200']).toMatchObject({
      content: { 'application/json': { schema: { properties: { owner: { type: 'string' } } } } },
    }));
  test('public routes ask for no token', () => expect(document.paths['/lamp/gate/{name}']?.get).toMatchObject({ security: [] }));
});
