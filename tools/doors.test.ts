import { describe, expect, test } from 'vitest';
import { faultsOf, type Imported, roomsIn } from './doors.ts';

const TABLE = `
| room | holds | may import |
| --- | --- | --- |
| \`src/ui/\` | screens | \`state\`, types of \`live\` |
| \`src/state/\` | stores | \`engine/errors\` |
| \`src/live/\` | sessions | - |
| \`src/engine/\` | networks | \`shaders\` |
| \`cli/\` | command lines | anything but ui |
`;
const imported = (file: string, target: string, isType = false): Imported => ({ file, target, isType });
const faults = (...imports: Imported[]) => faultsOf(roomsIn(TABLE), imports);

describe('doors', () => {
  test('are open as the table says', () => {
    expect(
      faults(
        imported('src/ui/App.tsx', 'src/state/job.ts'),
        imported('src/ui/App.tsx', 'src/ui/Header.tsx'),
        imported('src/ui/App.tsx', 'src/live/index.ts', true),
        imported('src/state/job.ts', 'src/engine/errors.ts'),
        imported('src/state/job.ts', 'src/errors.ts'),
        imported('src/engine/webgpu/mix.ts', 'shaders/mix.wgsl'),
        imported('src/main.tsx', 'src/live/index.ts'),
      ),
    ).toEqual([]);
  });

  test('are closed otherwise', () => {
    expect(faults(imported('src/ui/App.tsx', 'src/live/index.ts'))).toHaveLength(1);
    expect(faults(imported('src/state/job.ts', 'src/engine/engine.ts'))).toHaveLength(1);
    expect(faults(imported('src/state/job.ts', 'src/engine/errors-more.ts'))).toHaveLength(1);
    expect(faults(imported('src/live/index.ts', 'src/ui/App.tsx', true))).toHaveLength(1);
    expect(faults(imported('src/tryon/dress.ts', 'src/tryon/mask.ts'))).toEqual([
      'src/tryon/dress.ts: its folder has no row in the table of rooms',
    ]);
  });

  test('are named by rooms only', () => {
    expect(() => roomsIn('| `src/ui/` | screens | the stores |')).toThrow('"the stores" is no room.');
    expect(() => roomsIn('nothing')).toThrow('no table');
  });
});
