// Stops an install whose Node is too old, with one sentence: the pinned Node did not arrive.
const major = Number(process.versions.node.split('.')[0]);
if (major < 22) {
  console.error(
    `tautograd: Node 22.13 or newer is needed, got ${process.versions.node}; the pinned Node of tools/node was not installed for this platform`,
  );
  process.exit(1);
}
