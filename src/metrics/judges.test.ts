import { describe, expect, it } from 'vitest';
import { JUDGE_FIXTURES, judgeError } from '../../tools/judge-fixtures.ts';

describe('networks that judge, preprocessing included, against PyTorch', () => {
  it.each(Object.keys(JUDGE_FIXTURES))(
    '%s',
    async (name) => {
      expect(await judgeError(name)).toBeLessThan(1e-4);
    },
    60_000,
  );
});
