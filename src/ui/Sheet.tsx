import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Action } from './controls.tsx';

interface SheetProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

/** A modal sheet at the side, or from below on a phone: the browser's own dialog keeps focus and Escape right. */
export function Sheet({ title, open, onClose, children, wide }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  /** A drag that began inside the sheet and ends beside it is no click beside it. */
  const pressedBeside = useRef(false);

  useEffect(() => {
    const element = dialog.current;
    if (open && !element?.open) element?.showModal();
    if (!open && element?.open) element.close();
  }, [open]);

  return (
    <dialog
      ref={dialog}
      className={`sheet ${wide ? 'wide' : ''}`}
      aria-labelledby={heading}
      onClose={onClose}
      // Whoever opened it closes it: a recording may have to be finished first.
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        pressedBeside.current = event.target === dialog.current;
      }}
      onClick={(event) => event.target === dialog.current && pressedBeside.current && onClose()}
    >
      {open && (
        <div className="sheet-body">
          <header className="sheet-head">
            <h2 id={heading}>{title}</h2>
            <Action
              icon="close"
              label={`Close ${title.toLowerCase()}`}
              iconOnly
              className="quiet"
              onClick={onClose}
            />
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
