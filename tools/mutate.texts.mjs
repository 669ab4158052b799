// What mutation leaves alone: words for people, which no law is about, whether in the rows of tables or in what errors say.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Fields of rows that only people read. */
const WORDS = new Set(['doc', 'source', 'text', 'formula', 'hint', 'says', 'shapes']);
const isText = (node) => /^(StringLiteral|TemplateLiteral|BinaryExpression)$/.test(node.type);

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'texts', {
    shouldIgnore(path) {
      if (path.isObjectProperty() && WORDS.has(path.node.key.name) && isText(path.node.value))
        return 'a text for people';
      // ([x = []]) => …: how rows take arguments apart, of which they always have as many as they name
      if (path.isArrayExpression() && path.parentPath.isAssignmentPattern() && path.parentPath.listKey === 'elements') {
        const { parentPath: list } = path.parentPath;
        if (list.listKey === 'params') return 'for the types alone';
      }
      if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined;
      // lookup(table, 'what it is a table of', name)
      if (path.listKey === 'arguments' && path.key === 1 && path.parent.callee?.name === 'lookup')
        return 'what an error says';
      const option = path.findParent((p) => p.isObjectProperty() && p.node.key.name === 'options') !== null;
      // words between others, in what can be set, or as a constant of their own, as the source of several rows
      if (
        path.isStringLiteral() &&
        / /.test(path.node.value) &&
        (option || path.listKey === 'arguments' || path.parent.type === 'VariableDeclarator')
      )
        return 'a text for people';
      const error = path.findParent((p) => p.isNewExpression() || p.isStatement());
      return error?.isNewExpression() && /Error$/.test(error.node.callee.name ?? '') ? 'what an error says' : undefined;
    },
  }),
];
