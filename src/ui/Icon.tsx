/** Own line icons on a 24-pixel grid. */
const PATHS = {
  camera: 'M4 8h3l2-3h6l2 3h3v11H4z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  close: 'M6 6l12 12M18 6L6 18',
  compare: 'M12 4v16M4 7h5v10H4M20 7h-5M20 17h-5M20 7v10',
  copy: 'M9 9h11v11H9z M5 15H4V4h11v1',
  cpu: 'M7 7h10v10H7z M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  dice: 'M5 5h14v14H5z M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  folder: 'M3 6h6l2 3h10v10H3z',
  image: 'M4 5h16v14H4z M4 16l5-5 4 4 3-3 4 4M15 9.5h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18 M12 11v5M12 8h.01',
  mirror: 'M12 3v18M8 7l-5 10h5zM16 7l5 10h-5z',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5',
  pause: 'M8 5v14M16 5v14',
  pen: 'M4 20l1-4L16 5l3 3L8 19z M14 7l3 3',
  person: 'M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8 M4.5 21c.5-4.5 3.5-7 7.5-7s7 2.5 7.5 7',
  play: 'M7 4.5v15l12-7.5z',
  plus: 'M12 5v14M5 12h14',
  record: 'M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14',
  repeat: 'M5 11V8h12l-3-3M19 13v3H7l3 3',
  reset: 'M5 5v5h5M5.5 10a7.5 7.5 0 1 1-1 5',
  settings:
    'M4 7h9M17 7h3M4 17h3M11 17h9 M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5',
  skeleton: 'M12 7a2 2 0 1 0 0-4 2 2 0 0 0 0 4 M12 7v7M12 9L6 12M12 9l6 3M12 14l-4 7M12 14l4 7',
  sound: 'M4 9.5v5h4l5 4v-13l-5 4zM17 9c1.3 1.8 1.3 4.2 0 6',
  muted: 'M4 9.5v5h4l5 4v-13l-5 4zM17 10l4 4M21 10l-4 4',
  stop: 'M6 6h12v12H6z',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8 M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  trash: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  undo: 'M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3',
  redo: 'M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h3',
  upload: 'M12 20V9M7 13l5-5 5 5M5 4h14',
  warning: 'M12 4l9 16H3z M12 10v4M12 17h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
