import type { Task } from '../task.ts';
import { reenact } from './clip.ts';
import { evaluateParts } from './parts.ts';
import { evaluatePeople } from './people.ts';

export const TASKS = { people: evaluatePeople, clip: reenact, parts: evaluateParts } satisfies Record<
  string,
  Task
>;
export type TaskName = keyof typeof TASKS;
