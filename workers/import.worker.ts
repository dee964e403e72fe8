import * as Comlink from 'comlink';
import '../src/client/wire.ts';
import { importWeights } from '../src/pack/import.ts';

const service = { importWeights };
export type ImportService = typeof service;

Comlink.expose(service);
