import { createBackend } from '../src/engine/backends.ts';
import { Engine } from '../src/engine/engine.ts';
import { openPack } from '../src/pack/open.ts';
import { serveEngine } from './serve-engine.ts';

serveEngine(new Engine({ openPack, createBackend }));
