// Makes source.wasm. Without these features a component has no WASI imports, and the host lends none.
import { componentize } from '@bytecodealliance/componentize-js';
import { writeFile } from 'node:fs/promises';

const { component } = await componentize({
  sourcePath: 'source.js',
  witPath: '../../wit',
  worldName: 'source-plugin',
  disableFeatures: ['random', 'stdio', 'clocks', 'http', 'fetch-event'],
});
await writeFile('source.wasm', component);
