import * as Comlink from 'comlink';
import { fetchFromOwnOriginOnly } from '../src/pose/own-origin.ts';
import { PoseService } from '../src/pose/service.ts';

fetchFromOwnOriginOnly(self);
Comlink.expose(new PoseService());
