export type Theme = 'system' | 'dark' | 'light';

const KEY = 'theme';

function chosenTheme(): Theme {
  const stored = kept();
  return stored === 'dark' || stored === 'light' ? stored : 'system';
}

export function showTheme(theme: Theme = chosenTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Where nothing may be stored, it lasts as long as the page.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const isDark = (): boolean =>
  chosenTheme() === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : chosenTheme() === 'dark';
