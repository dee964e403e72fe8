/**
 * The studio: the app without a screen. No React, no state of the page, nothing that a worker lacks.
 *
 *   const studio = createStudio({ engine, pose, store })
 *   const person = await studio.person(photo)                     a photo and its people
 *   const dance = await studio.dance(clip, { signal })            a clip and who was seen in it
 *   const pack = await studio.pack(name, source, {}, { signal })  a model, read into the engine
 *   const reel = await studio.film({ photos: [person], dance, settings, pack })
 *   for await (const { image } of reel.frames({ signal, load: {} })) ...   each one painted once, and kept
 *   const { blob } = await reel.save({ format: 'mp4', view: viewOf(settings), sound: true }, { signal })
 *
 * `reel.film` is plain data that never changes, with an id over all that decides its pixels. The store keeps films, their
 * files and their raw frames; what is laid over frames (`View`) is composed when they are shown or saved.
 */
export { type BackgroundChoice, Grounds } from './background.ts';
export { type Layout, type View, viewName, viewOf } from './compositor.ts';
export { EngineDoor } from './door.ts';
export * from './errors.ts';
export { type Film, type FilmPack, isOf, type LoadedPack, samePack, type UnreadPack } from './film.ts';
export { clipFingerprint, fingerprint } from './fingerprint.ts';
export { type Folder, MemoryFolder, privateFolder } from './folder.ts';
export { Latest, untilAborted } from './latest.ts';
export { type Locks, OwnLocks, tabLocks } from './locks.ts';
export type { Motion } from './planner.ts';
export type { PaintWishes, Reel, ReelFrame } from './reel.ts';
export { aboutFilm, type Format, fileName, type SaveOptions } from './save.ts';
export * from './settings.ts';
export type { Dance, DanceClip, DancePoses, Person, PoseFinder, Range } from './sources.ts';
export { type Card, type Entry, Store } from './store.ts';
export { createStudio, MAX_SIDE, type Studio } from './studio.ts';
export { sightingAt, watchClip } from './watch.ts';
