/** The module of scoring in parts: finds the entities of rows, and adds up the parts of first layers. */
export { addParts } from './add-parts';
export { addRows, countBelow, placeRows, removeRows } from './entity-rows';
export { partAddresses } from './part-addresses';
