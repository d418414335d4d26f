export { DataFolderInUse, readStoreRecord, type StoreRecord } from "./embedded/data-folder.ts";
export { EmbeddedStoreUnsupported } from "./embedded/library.ts";
export { EmbeddedStore, type EmbeddedStoreOptions, startEmbeddedStore } from "./embedded/supervisor.ts";
export { openEmbeddedStore, openRemoteStore, openStore, type OpenedStore, type RemoteStoreOptions } from "./open.ts";
