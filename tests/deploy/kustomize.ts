import { join } from 'node:path';
import { documentOf, documentsOf, textOf } from './files';

/** Anything that is in a manifest. */
export type Tree = { [key: string]: unknown };

/** A Kubernetes object. */
export interface Manifest extends Tree {
  kind: string;
  metadata: { name: string; namespace?: string } & Tree;
}

interface Kustomization {
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag?: string }[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly behavior?: string;
    readonly envs?: readonly string[];
    readonly literals?: readonly string[];
  }[];
  readonly patches?: readonly { readonly path: string; readonly target?: { readonly kind: string } }[];
}

const understood = new Set(['apiVersion', 'kind', 'namespace', 'resources', 'images', 'configMapGenerator', 'patches']);
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** By which key lists of a pod are merged; other lists are replaced. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  env: 'name',
  volumes: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  topologySpreadConstraints: 'topologyKey',
};

/** Lays a patch over a tree as `kubectl` does: the patch wins, lists of named things are joined by name. */
const merged = (under: unknown, over: unknown, field = ''): unknown => {
  const key = mergeKeys[field];
  if (Array.isArray(under) && Array.isArray(over) && key !== undefined) {
    const items = [...(under as Tree[])];
    for (const item of over as Tree[]) {
      const at = items.findIndex((one) => one[key] === item[key]);
      if (at < 0) items.push(item);
      else items[at] = merged(items[at], item) as Tree;
    }
    return items;
  }
  if (!isTree(under) || !isTree(over)) return over;
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...names].map((name) => [name, name in under && name in over ? merged(under[name], over[name], name) : (over[name] ?? under[name])]),
  );
};

const pairsOf = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    lines
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

const withImage = (tree: unknown, images: NonNullable<Kustomization['images']>): unknown => {
  if (Array.isArray(tree)) return tree.map((item) => withImage(item, images));
  if (!isTree(tree)) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => {
      if (name !== 'image' || typeof value !== 'string') return [name, withImage(value, images)];
      const [image = '', tag] = value.split(':');
      const renamed = images.find((one) => one.name === image);
      return [name, renamed === undefined ? value : `${renamed.newName ?? image}:${renamed.newTag ?? tag ?? ''}`];
    }),
  );
};

/**
 * Builds a folder of manifests, so that the tests see what a cluster would. Knows just as much of Kustomize as our folders use and refuses the
 * rest; unlike Kustomize it puts no hash behind the names of config maps.
 */
export const build = (folder: string): readonly Manifest[] => {
  const kustomization = documentOf<Kustomization>(join(folder, 'kustomization.yaml'));
  const strange = Object.keys(kustomization).filter((field) => !understood.has(field));
  if (strange.length > 0) throw new Error(`${folder}: these tests do not understand ${strange.join(', ')}`);
  let all = (kustomization.resources ?? []).flatMap((path) =>
    path.endsWith('.yaml') ? (documentsOf(join(folder, path)) as Manifest[]) : [...build(join(folder, path))],
  );
  for (const { name, behavior = 'create', envs = [], literals = [] } of kustomization.configMapGenerator ?? []) {
    const data = pairsOf([...envs.flatMap((path) => textOf(join(folder, path)).split('\n')), ...literals]);
    const known = all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
    if ((behavior === 'merge') !== (known !== undefined)) throw new Error(`${folder}: config map ${name} cannot be ${behavior}d`);
    if (known === undefined) all.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
    else known['data'] = { ...(known['data'] as Tree), ...data };
  }
  for (const { path, target } of kustomization.patches ?? []) {
    const patch = documentOf<Manifest>(join(folder, path));
    const isMeant = ({ kind, metadata }: Manifest): boolean =>
      target === undefined ? kind === patch.kind && metadata.name === patch.metadata.name : kind === target.kind;
    if (!all.some(isMeant)) throw new Error(`${join(folder, path)} patches nothing`);
    all = all.map((one) =>
      isMeant(one)
        ? {
            ...(merged(one, patch) as Manifest),
            metadata: { ...(merged(one.metadata, patch.metadata) as Manifest['metadata']), name: one.metadata.name },
          }
        : one,
    );
  }
  if (kustomization.images !== undefined) all = withImage(all, kustomization.images) as Manifest[];
  const { namespace } = kustomization;
  return namespace === undefined ? all : all.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }));
};
