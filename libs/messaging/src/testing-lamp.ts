import { events, internal, Personal, published, publishedAs, Type } from '@qiyue/decider';
import { streamsNamed } from './testing-source';

/** A made-up service for specs: one event told as it is, one told in another shape, one internal. */
export const lampFacts = {
  LampLit: { service: 'lamp', name: 'LampLit', version: 1, schema: Type.Object({ watt: Type.Integer({ minimum: 0 }) }), clause: '2.2.5' },
  LampSold: { service: 'lamp', name: 'LampSold', version: 1, schema: Type.Object({ lampId: Type.String(), buyer: Personal() }) },
};

export const lampEvents = events({
  LampLit: published(lampFacts.LampLit),
  LampSold: publishedAs(
    lampFacts.LampSold,
    Type.Object({ accountId: Type.String(), lampId: Type.String(), buyer: Personal(), priceMinor: Type.Integer() }),
    ({ lampId, buyer }) => ({ lampId, buyer }),
  ),
  LampDusted: internal('nobody minds', Type.Object({})),
});

export const lamp = streamsNamed('lamp', lampEvents);
