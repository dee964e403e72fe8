import { useSyncExternalStore } from 'react';

/** The app's two places; the address says which. Links inside a place keep to it by their beginning. */
export type Place = 'studio' | 'live';

const now = (): Place => (location.hash.startsWith('#live') ? 'live' : 'studio');

export const usePlace = (): Place =>
  useSyncExternalStore((changed) => {
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, now);
