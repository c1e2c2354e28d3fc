// The bundler takes these in; the compiler need only know that they exist.
declare module '*.css';
declare const PAGES_DIR: string;
declare const WEB_DIR: string;
declare const KEFU_SITE: unknown;
declare const LOADER_CSS: string;
declare const LOADER_CSS_PATH: string;
declare const PAGE_CSS: string;
declare const PAGE_CSS_PATH: string;
