/** MediaPipe writes what it does in passing as console errors; a person who looks there should find only real ones. */
export function quietMediaPipe(console: Pick<Console, 'error' | 'debug'>): void {
  const original = console.error.bind(console);
  console.error = (...parts: unknown[]) => {
    const chatter = typeof parts[0] === 'string' && /^(INFO:|[IW]\d{4} )/.test(parts[0]);
    if (chatter) console.debug(...parts);
    else original(...parts);
  };
}
