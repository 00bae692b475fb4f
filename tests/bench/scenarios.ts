import { appends } from './appends';
import { orders } from './orders';
import { projectionEmbedded, projectionKafka } from './projection';
import { rebuild } from './rebuild';
import { emmett } from './emmett';
import type { Scenario } from './scenario';

/** In the order they run. */
export const scenarios: readonly Scenario[] = [appends, orders, projectionEmbedded, projectionKafka, rebuild];

/** The same work through other libraries. */
export const versus: Readonly<Record<string, Scenario>> = { emmett };
