import { Type, type StringOptions, type TObject, type TSchema, type TString } from '@sinclair/typebox';

/** Schema keyword that marks a string as personal data; its value names the top-level field that holds the data subject's account id. */
export const PERSONAL = 'x-personal-of';

/** What a personal field reads as once the subject's key has been destroyed. */
export const FORGOTTEN = '[forgotten]';

/** What a personal field reads as for someone who may not see it, and in logs. */
export const MASKED = '[personal]';

/** Prefix of a sealed value, as stored, published and kept in read models: `sealed:1:<accountId>:<iv>:<ciphertext and tag>`, base64url. */
export const SEALED_PREFIX = 'sealed:1:';

/**
 * A string that tells something about a person. It is sealed with the account's key before it is stored,
 * so constraints on its content (length, pattern) belong at the edge where it comes in.
 */
export const Personal = (options: { readonly of?: string; readonly description?: string } = {}): TString => {
  const { of = 'accountId', ...rest } = options;
  return Type.String({ ...rest, [PERSONAL]: of } as StringOptions);
};

/** Where a schema holds personal data: the path of each marked field (`*` stands for every item of an array) and the field with its subject. */
export const personalPaths = (schema: TObject): readonly { readonly path: readonly string[]; readonly subject: string }[] => {
  const walk = (node: TSchema, path: readonly string[]): { path: readonly string[]; subject: string }[] => {
    if (typeof node[PERSONAL] === 'string') return [{ path, subject: node[PERSONAL] }];
    const variants: TSchema[] = [...(node['anyOf'] ?? []), ...(node['allOf'] ?? [])];
    return [
      ...variants.flatMap((variant) => walk(variant, path)),
      ...Object.entries<TSchema>(node['properties'] ?? {}).flatMap(([name, child]) => walk(child, [...path, name])),
      ...(node['items'] === undefined ? [] : walk(node['items'] as TSchema, [...path, '*'])),
    ];
  };
  return walk(schema, []);
};
