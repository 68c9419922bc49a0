// Only this module of undici is loaded, which types do not describe: the whole package costs three times as much to import.
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}
