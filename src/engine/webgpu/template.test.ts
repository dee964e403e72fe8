import { describe, expect, it } from 'vitest';
import { expandShader } from './template.ts';

const expand = (body: string, constants: Record<string, number>) =>
  expandShader(body, { element: 'f32', constants })
    .split('\n')
    .slice(1 + Object.keys(constants).length);

describe('expandShader', () => {
  it('writes the element type, its extension and the constants on top', () => {
    const text = expandShader('body', { element: 'f16', subgroups: true, constants: { A: 3 } });
    expect(text.split('\n')).toEqual([
      'enable f16;',
      'enable subgroups;',
      'alias Element = f16;',
      'const A = 3u;',
      'body',
    ]);
  });

  it('repeats loops, the inner ones with the outer number', () => {
    const body = [
      '//: for i in N',
      'a$i',
      '  //: for j in M',
      '  b$i_$j = $iu;',
      '  //: end',
      '//: end',
      'c',
    ];
    expect(expand(body.join('\n'), { N: 2, M: 2 })).toEqual([
      ...['a0', '  b0_0 = 0u;', '  b0_1 = 0u;'],
      ...['a1', '  b1_0 = 1u;', '  b1_1 = 1u;'],
      'c',
    ]);
  });

  it('keeps conditional lines only where the constant is not 0', () => {
    const body = '//: if ON\non\n//: end\n//: if OFF\noff\n//: for i in N\nx\n//: end\n//: end\nrest';
    expect(expand(body, { ON: 1, OFF: 0, N: 2 })).toEqual(['on', 'rest']);
  });

  it('refuses what it cannot carry out', () => {
    expect(() => expand('//: for i in N\nx', { N: 1 })).toThrow('has no end');
    expect(() => expand('//: if MISSING\n//: end', {})).toThrow('names a constant that is not set');
  });
});
