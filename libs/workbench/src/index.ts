export { freePort, startPostgres, type LocalPostgres } from './postgres';
export { root, sourceFiles, type SourceFile } from './sources';
