/** Where class-transformer keeps what `@Type` said; the package ships no types for this entry. */
declare module 'class-transformer/cjs/storage' {
  export const defaultMetadataStorage: {
    findTypeMetadata(target: abstract new (...args: never[]) => unknown, property: string): { typeFunction(): unknown } | undefined;
  };
}
