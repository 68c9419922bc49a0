// Only this module of undici is loaded, which has no types: importing the whole package takes three times as long.
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}
