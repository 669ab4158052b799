// Names by globs: `*` and `?` stand for anything, a comma separates alternatives.

/** One glob as an expression for whole names. */
export const globOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .trim()
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/** Names that match any of the globs, in their own order, and the globs that match none. */
export const matching = (
  names: readonly string[],
  globs: string,
): { readonly chosen: readonly string[]; readonly idle: readonly string[] } => {
  const patterns = globs.split(',').map((text) => ({ text: text.trim(), pattern: globOf(text) }));
  return {
    chosen: names.filter((name) => patterns.some((p) => p.pattern.test(name))),
    idle: patterns.filter((p) => !names.some((name) => p.pattern.test(name))).map((p) => p.text),
  };
};
