/** While a dance is painted the screen stays awake, and the tab's title says how far it is. */
import { isBusy, type Job, useJob } from './job.ts';

export function titleOf({ status, film, ready, problem }: Job, name: string, isHidden: boolean): string {
  const total = film?.keys.length ?? 0;
  const percent = total > 0 ? Math.floor((100 * ready.length) / total) : 0;
  if (status === 'running') return `${percent}% · ${name}`;
  if (status === 'paused') return `Paused at ${percent}% · ${name}`;
  // Whoever looks elsewhere is told; whoever looks here sees it.
  if (isHidden && status === 'finished') return `Done · ${name}`;
  if (isHidden && problem) return `Stopped · ${name}`;
  return name;
}

export function stayAwake(): void {
  const name = document.title;
  let lock: Promise<WakeLockSentinel | null> | null = null;

  const update = () => {
    const job = useJob.getState();
    const title = titleOf(job, name, document.hidden);
    if (document.title !== title) document.title = title;
    const isWanted = isBusy(job) && job.status !== 'paused' && !document.hidden;
    if (isWanted && lock === null) {
      // Some batteries, and some browsers, do not allow it: then the screen sleeps as ever.
      lock = navigator.wakeLock?.request('screen').catch(() => null) ?? null;
    } else if (!isWanted && lock !== null) {
      void lock.then((held) => held?.release());
      lock = null;
    }
  };
  useJob.subscribe(update);
  // The browser takes the lock away from a page that is hidden.
  document.addEventListener('visibilitychange', update);
}
