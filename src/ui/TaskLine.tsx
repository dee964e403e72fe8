import type { Task } from '../state/choices.ts';

/** Work under way, over the picture that it is about. */
export function TaskLine({ task }: { task: Task }) {
  const percent = task.share === null ? null : Math.round(task.share * 100);
  return (
    <div className="task-line" role="status">
      <span>
        {task.label}
        {percent !== null && ` ${percent}%`}
      </span>
      <div className={`bar ${percent === null ? 'unknown' : ''}`} aria-hidden="true">
        <i style={{ width: percent === null ? '35%' : `${percent}%` }} />
      </div>
    </div>
  );
}
