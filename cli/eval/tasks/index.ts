import type { Task } from '../task.ts';
import { reenact } from './clip.ts';
import { evaluatePeople } from './people.ts';

export const TASKS = { people: evaluatePeople, clip: reenact } satisfies Record<string, Task>;
export type TaskName = keyof typeof TASKS;
