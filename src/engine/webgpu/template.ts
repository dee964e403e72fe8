/** What a shader's body is written against: the type of stored elements and the constants of its shape. */
export interface ShaderSettings {
  readonly element: 'f16' | 'f32';
  readonly constants: Readonly<Record<string, number>>;
  readonly subgroups?: boolean;
}

const DIRECTIVE = /^\s*\/\/: *(for|if|end) ?(.*)$/;

/**
 * A shader's text with its settings on top and its two directives carried out: `//: for x in NAME` repeats the lines
 * up to its `//: end` with `$x` counting from 0, and `//: if NAME` keeps them where the constant is not 0. The result
 * depends on nothing but the arguments, so that it can be the pipeline cache's key.
 */
export function expandShader(body: string, settings: ShaderSettings): string {
  const features = [
    ...(settings.element === 'f16' ? ['enable f16;'] : []),
    ...(settings.subgroups ? ['enable subgroups;'] : []),
  ];
  const constants = Object.entries(settings.constants).map(([name, value]) => `const ${name} = ${value}u;`);
  const lines = body.split('\n');
  const expanded = expandLines(lines, settings.constants);
  return [...features, `alias Element = ${settings.element};`, ...constants, ...expanded].join('\n');
}

function expandLines(lines: readonly string[], constants: Readonly<Record<string, number>>): string[] {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    const directive = DIRECTIVE.exec(line);
    if (directive === null) {
      out.push(line);
      continue;
    }
    const end = matchingEnd(lines, at);
    const inner = lines.slice(at + 1, end);
    const [, kind, argument = ''] = directive;
    if (kind === 'for') {
      const [variable = '', name = ''] = argument.split(' in ');
      const count = constantOf(name.trim(), constants, line);
      for (let index = 0; index < count; index++) {
        const counted = inner.map((text) => text.replaceAll(`$${variable}`, String(index)));
        out.push(...expandLines(counted, constants));
      }
    } else if (constantOf(argument.trim(), constants, line) !== 0) {
      out.push(...expandLines(inner, constants));
    }
    at = end;
  }
  return out;
}

function matchingEnd(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    const kind = DIRECTIVE.exec(lines[at] as string)?.[1];
    if (kind === 'end') depth--;
    else if (kind !== undefined) depth++;
    if (depth === 0) return at;
  }
  throw new Error(`A shader's "${lines[start]?.trim()}" has no end.`);
}

function constantOf(name: string, constants: Readonly<Record<string, number>>, line: string): number {
  const value = constants[name];
  if (value === undefined) throw new Error(`A shader's "${line.trim()}" names a constant that is not set.`);
  return value;
}
