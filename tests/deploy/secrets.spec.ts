import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { documentsOf, root, textOf } from './files';

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
const files = ['docker-compose.yml', '.dockerignore', 'docs/operations.md', ...filesIn('deploy'), ...filesIn('k8s')];

test.each(files.filter((path) => /\.(ya?ml|json)$/.test(path)).map((path) => [path]))('%s can be read, with no key twice', (path) => {
  expect(documentsOf(path).length).toBeGreaterThan(0);
});

test.each(files.map((path) => [path]))('%s holds no secret', (path) => {
  const text = textOf(path);
  // Keys in PEM, hashes of passwords, 32 bytes in base64 or hexadecimal, and a password within a URL.
  expect(text).not.toMatch(/-----BEGIN|\$argon2|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=|\b[0-9a-f]{64}\b|:\/\/[^\s/:@]+:[^\s$<@]+@/);
});

test.each(files.filter((path) => path !== 'docs/operations.md').map((path) => [path]))('%s names no image by what is newest', (path) => {
  expect(textOf(path)).not.toMatch(/:latest\b/);
});

test('files with secrets stay out of the repository', () => expect(textOf('.gitignore').split('\n')).toContain('.env'));
