/** The module of scoring in parts: finds the entities of rows, and adds up the parts of first layers. */
export { addParts } from './add-parts';
export { addRows, placeRows, removeRows } from './entity-rows';
