import {
  type Attribute,
  type Graph,
  type Initializer,
  isExternal,
  type Node,
  type TensorInfo,
} from './model.ts';

/**
 * The first way in which a graph is not the expected one, in words; undefined where it is. Nodes go in order, and all
 * else goes by name.
 */
export function difference(found: Graph, expected: Graph): string | undefined {
  const count = Math.max(found.nodes.length, expected.nodes.length);
  for (let i = 0; i < count; i++) {
    const [node, wanted] = [found.nodes[i], expected.nodes[i]];
    if (node?.name !== wanted?.name)
      return `node ${i} is ${node?.name ?? 'missing'} in place of ${wanted?.name ?? 'none'}`;
    const fault = node && wanted && nodeFault(node, wanted);
    if (fault !== undefined) return `the node ${node?.name} ${fault}`;
  }
  return (
    unlike('input', found.inputs, expected.inputs, infoFault) ??
    unlike('output', found.outputs, expected.outputs, infoFault) ??
    unlike('initializer', found.initializers, expected.initializers, initializerFault)
  );
}

function unlike<Item extends { readonly name: string }>(
  what: string,
  found: readonly Item[],
  expected: readonly Item[],
  faultOf: (found: Item, expected: Item) => string | undefined,
): string | undefined {
  const left = new Map(found.map((item) => [item.name, item]));
  for (const wanted of expected) {
    const item = left.get(wanted.name);
    if (item === undefined) return `it lacks the ${what} ${wanted.name}`;
    const fault = faultOf(item, wanted);
    if (fault !== undefined) return `the ${what} ${item.name} ${fault}`;
    left.delete(wanted.name);
  }
  const [extra] = left.keys();
  if (extra !== undefined) return `it has the ${what} ${extra} too much`;
  return found.length === expected.length ? undefined : `it has an ${what} twice`;
}

function nodeFault(found: Node, expected: Node): string | undefined {
  if (found.op !== expected.op) return `is a ${found.op} in place of a ${expected.op}`;
  for (const [end, some, wanted] of [
    ['takes', found.inputs, expected.inputs],
    ['makes', found.outputs, expected.outputs],
  ] as const) {
    if (!sameList(some, wanted)) return `${end} ${some.join(', ')} in place of ${wanted.join(', ')}`;
  }
  const names = new Set([...Object.keys(found.attributes), ...Object.keys(expected.attributes)]);
  for (const name of names) {
    const [some, wanted] = [found.attributes, expected.attributes].map((all) =>
      Object.hasOwn(all, name) ? words(all[name]) : 'nothing',
    );
    if (some !== wanted) return `has ${some} as ${name} in place of ${wanted}`;
  }
  return undefined;
}

/** A float is stored in 32 bits. */
function words(attribute: Attribute | undefined): string {
  const isFloat = typeof attribute === 'object' && 'float' in attribute;
  return isFloat ? `${Math.fround(attribute.float)}f` : JSON.stringify(attribute);
}

function infoFault(found: TensorInfo, expected: TensorInfo): string | undefined {
  if (found.type !== expected.type) return `is of type ${found.type} in place of ${expected.type}`;
  return sameList(found.shape, expected.shape)
    ? undefined
    : `has the shape [${found.shape}] in place of [${expected.shape}]`;
}

function initializerFault(found: Initializer, expected: Initializer): string | undefined {
  if (found.type !== expected.type) return `is of type ${found.type} in place of ${expected.type}`;
  if (!sameList(found.dims, expected.dims))
    return `has the shape [${found.dims}] in place of [${expected.dims}]`;
  const [some, wanted] = [found.data, expected.data];
  if (isExternal(wanted)) {
    const same =
      isExternal(some) &&
      some.location === wanted.location &&
      some.offset === wanted.offset &&
      some.length === wanted.length;
    const end = wanted.offset + wanted.length;
    return same ? undefined : `does not lie at bytes ${wanted.offset} to ${end} of ${wanted.location}`;
  }
  return !isExternal(some) && sameList([...some], [...wanted]) ? undefined : 'has other values';
}

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);
