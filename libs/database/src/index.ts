export { BEGIN_UNHURRIED, inTransaction, sqlStateOf, surviveDrops, transact, UNHURRIED, withClient } from './connection';
export { migrate } from './migrate';
export { together, type Answer, type Question } from './together';
export { statement, type Statement } from './statement';
