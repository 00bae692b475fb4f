export { root, sourceFiles, type SourceFile } from './sources';
