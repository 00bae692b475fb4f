import { appends } from './appends';
import { emmett } from './emmett';
import { growth } from './growth';
import { memory } from './memory';
import { orders } from './orders';
import { projectionEmbedded, projectionKafka } from './projection';
import { rebuild } from './rebuild';
import type { Scenario } from './scenario';
import { visibilityEmbedded, visibilityKafka } from './visibility';

/** In the order they run. */
export const scenarios: readonly Scenario[] = [
  appends,
  orders,
  visibilityEmbedded,
  visibilityKafka,
  projectionEmbedded,
  projectionKafka,
  rebuild,
  memory,
  growth,
];

/** The same work through other libraries. */
export const versus: Readonly<Record<string, Scenario>> = { emmett };
