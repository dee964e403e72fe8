/** Times, sizes and counts as people read them. */

export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}

export function duration(seconds: number): string {
  if (seconds < 50) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function secondsEach(seconds: number): string {
  return seconds < 0.5 ? `${Math.round(1 / seconds)} frames a second` : `${seconds.toFixed(1)} s a frame`;
}

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`;
  return `${(count / 1e9).toFixed(1)} GB`;
}

/** Today by the hour, before that by the day. */
export function whenMade(made: number, now = Date.now()): string {
  const date = new Date(made);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday
    ? date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false })
    : date.toLocaleDateString('en', { day: 'numeric', month: 'short' });
}

export const frames = (count: number): string => `${count} frame${count === 1 ? '' : 's'}`;
