export {
  allOf,
  BEGIN_UNHURRIED,
  inOrder,
  inShortTransaction,
  inTransaction,
  sqlStateOf,
  surviveDrops,
  together,
  transact,
  transactShortly,
  UNHURRIED,
  withClient,
  type Outcome,
} from './connection';
export { migrate } from './migrate';
export { statement, type Statement } from './statement';
