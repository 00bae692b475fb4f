export { inTransaction, sqlStateOf, surviveDrops, transact, withClient } from './connection';
export { migrate } from './migrate';
