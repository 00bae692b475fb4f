export { freePort, startPostgres, type LocalPostgres } from './postgres';
