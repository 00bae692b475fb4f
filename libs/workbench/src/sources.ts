import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The repository's root, from a source file of this library or from its built form. */
export const root = join(__dirname, '..', '..', '..');

/** A source file of the repository. */
export interface SourceFile {
  /** Path from the root, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
}

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ['node_modules', 'dist', '.data', '.nx', '.git', 'coverage'].includes(entry.name) ? [] : filesUnder(path);
    return [path];
  });

/** Every file under the given folders whose path matches. */
export const sourceFiles = (folders: readonly string[], matching: RegExp): readonly SourceFile[] =>
  folders
    .flatMap((folder) => filesUnder(join(root, folder)))
    .map((file) => ({ file, path: relative(root, file).replaceAll('\\', '/') }))
    .filter(({ path }) => matching.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ file, path }) => ({ path, lines: readFileSync(file, 'utf8').split('\n') }));
