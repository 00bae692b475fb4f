import { appends } from './appends';
import { orders } from './orders';
import { emmett } from './emmett';
import type { Scenario } from './scenario';

/** In the order they run. */
export const scenarios: readonly Scenario[] = [appends, orders];

/** The same work through other libraries. */
export const versus: Readonly<Record<string, Scenario>> = { emmett };
