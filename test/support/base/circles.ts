/**
 * Groups of nodes that can reach each other, each sorted: the circles of a graph (Tarjan's algorithm).
 *
 * @example circlesOf(new Map([['a', ['b']], ['b', ['a', 'c']], ['c', []]])) // [['a', 'b']]
 */
export function circlesOf(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const indexes = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];

  const visit = (node: string): number => {
    const index = indexes.size;
    indexes.set(node, index);
    lowest.set(node, index);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = indexes.has(next) ? (stack.includes(next) ? (indexes.get(next) ?? 0) : index) : visit(next);
      lowest.set(node, Math.min(lowest.get(node) ?? index, reached));
    }
    const low = lowest.get(node) ?? index;
    if (low === index) {
      const circle = stack.splice(stack.indexOf(node));
      if (circle.length > 1 || graph.get(node)?.includes(node)) circles.push(circle.sort());
    }
    return low;
  };

  for (const node of graph.keys()) if (!indexes.has(node)) visit(node);
  return circles;
}
