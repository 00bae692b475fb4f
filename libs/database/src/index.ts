export { BEGIN_UNHURRIED, inTransaction, sqlStateOf, surviveDrops, transact, UNHURRIED, withClient } from './connection';
export { migrate } from './migrate';
export { together, transactShortly, type Answer, type Question, type Written } from './together';
export { statement, type Statement } from './statement';
