import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocs } from './generated-docs';
import { root } from './sources';

const onlyCheck = process.argv.includes('--check');
const stale = generatedDocs().filter(([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);

if (!onlyCheck) for (const [path, text] of stale) writeFileSync(join(root, path), text);
for (const [path] of stale) console.log(`${onlyCheck ? 'stale' : 'written'}: ${path}`);
if (onlyCheck && stale.length > 0) {
  console.error('Generated documents are stale; run `npm run docs` and commit what it writes.');
  process.exit(1);
}
