export type Theme = 'system' | 'dark' | 'light';

const KEY = 'theme';

function chosenTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'dark' || stored === 'light' ? stored : 'system';
}

export function showTheme(theme: Theme = chosenTheme()): void {
  if (theme === 'system') {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }
}

export const isDark = (): boolean =>
  chosenTheme() === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : chosenTheme() === 'dark';
