import { useEffect } from 'react';

/** Where a key means something of its own already. */
const OWN_KEYS =
  'button, input, select, textarea, summary, a, [contenteditable], [role="slider"], [role="button"], dialog';

/** Keys for the whole page, such as ' ' or 'ArrowLeft'; with Control or Command they are 'mod+z', 'mod+shift+z'. */
export function useShortcuts(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const isMod = event.ctrlKey || event.metaKey;
      const name = `${isMod ? 'mod+' : ''}${isMod && event.shiftKey ? 'shift+' : ''}${isMod ? event.key.toLowerCase() : event.key}`;
      const act = keys[name];
      if (!act || event.defaultPrevented || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      const isTyping = target?.closest(
        'input:not([type="range"], [type="radio"], [type="checkbox"]), textarea',
      );
      if (document.querySelector('dialog[open]') || isTyping || (!isMod && target?.closest(OWN_KEYS))) return;
      event.preventDefault();
      act();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  });
}
